import { commandSecrets } from './command-secrets.ts'
import type { Finding } from './finding.ts'
import { enclosingPlaceholderEnd, placeholderEnd } from './fingerprint.ts'
import { matchesIn } from './matches-in.ts'
import { isSecretKey } from './secret-key.ts'
import { isPlainRun, looksLikeSecret, looksLikeSecretInProse } from './secret-shape.ts'
import { type UrlCare, urlSecrets } from './url-secrets.ts'
import { valueAt } from './written-value.ts'

/**
 * How hard a string is looked at. `plain`: what is a secret beyond doubt. `note`: labels and annotations, also by shape.
 * `message`: what a program said when it failed, also by phrase and command line. `url`: a URL whose scheme may be
 * missing. `drain-url`: that, and every value of its query and most of its path. `unknown`: of an event of a type nobody
 * knows, by all of these and by a stricter shape.
 */
export type TextMode = 'plain' | 'note' | 'message' | 'url' | 'drain-url' | 'unknown'

const URL_CARE: Readonly<Record<TextMode, UrlCare>> = {
  plain: { wholeQuery: false, withoutScheme: 'no' },
  note: { wholeQuery: false, withoutScheme: 'no' },
  message: { wholeQuery: false, withoutScheme: 'no' },
  url: { wholeQuery: false, withoutScheme: 'userinfo' },
  'drain-url': { wholeQuery: true, withoutScheme: 'whole' },
  unknown: { wholeQuery: true, withoutScheme: 'userinfo' },
}

const PEM_BEGIN = '-----BEGIN '

// Each begins where no character of its own kind stands before it, so that no text makes it run in squares.
const UNMISTAKABLE: readonly RegExp[] = [
  /(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]+){1,4}/g,
  /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/g,
  /(?<![\w-])AIza[\w-]{35}/g,
  /(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|npm_|[sr]k_live_)\w{20,}/g,
  /(?<![\w-])(?:glpat-|xox[abeoprs]-)[\w-]{10,}/g,
  /(?<![\w-])hvs\.[\w-]{20,}/g,
]

/** The secrets in a string, in any order; they may overlap. */
export function textSecrets(text: string, mode: TextMode): Finding[] {
  const findings = urlSecrets(text, URL_CARE[mode])
  for (const pattern of UNMISTAKABLE)
    for (const match of matchesIn(text, pattern))
      findings.push({ start: match.index, end: match.index + match[0].length })
  privateKeys(text, findings)
  authorizations(text, findings)
  namedValues(text, NAMED, findings)
  namedValues(text, FLAG, findings)
  if (mode === 'message' || mode === 'unknown') {
    phrases(text, findings)
    commandSecrets(text, findings)
  }
  const look = LOOKS[mode]
  if (look !== undefined) runs(text, look, findings)
  return findings
}

/** Whole blocks; one that was cut off before its end counts to the end of the text. */
function privateKeys(text: string, findings: Finding[]): void {
  for (let start = text.indexOf(PEM_BEGIN); start !== -1; ) {
    const label = text.slice(start, start + 64)
    const end = text.indexOf('-----END ', start)
    const close = end === -1 ? -1 : text.indexOf('-----', end + 9)
    const stop = close === -1 ? text.length : close + 5
    if (/^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/.test(label)) findings.push({ start, end: stop })
    start = text.indexOf(PEM_BEGIN, stop)
  }
}

const AUTHORIZATION = /(?<![A-Za-z])(?:bearer|basic)[ \t]{1,4}([\w+/=.~-]{8,})/gi

function authorizations(text: string, findings: Finding[]): void {
  for (const match of matchesIn(text, AUTHORIZATION)) {
    const value = match[1] ?? ''
    // `basic authentication` is prose.
    if (/[A-Z0-9=]/.test(value)) push(match.index + match[0].length - value.length, value, findings)
  }
}

/** `password=x`, `"token": "x"`, `Authorization: Bearer x`. */
const NAMED = /(?<![\w.-])([\w.-]{1,64})\\?["']?[ \t]{0,3}(?:=>|:=|=|:(?!\/\/))[ \t]{0,3}/g
/** `--token x`, `-password x`. */
const FLAG = /(?<![\w-])--?([A-Za-z][\w-]{1,63})[ \t]{1,4}(?!-)/g

function namedValues(text: string, pattern: RegExp, findings: Finding[]): void {
  let covered = 0
  for (const match of matchesIn(text, pattern)) {
    // What is already inside a secret need not be looked at again, or `token=token=…` would run in squares.
    if (match.index < covered || !isSecretKey(match[1] ?? '')) continue
    const found = valueAt(text, match.index + match[0].length)
    if (found === null) continue
    findings.push(found)
    covered = found.end
  }
}

const PHRASES: readonly RegExp[] = [
  // `login failed for X`: what follows is a user name at best and a password at worst.
  /(?<![A-Za-z])(?:log-?[io]n|sign-?in|auth|authentication|authorization|access|credentials?)[ \t](?:attempt[ \t])?(?:failed|failure|denied|rejected|refused|error)[ \t](?:for|with|using|as)[ \t](?:(?:the|user|username|account|role|client|key|token|password|secret)[ \t]){0,3}:?[ \t]?["'`]?([^\s"'`,;()]+)/gi,
]

const WORD_THEN_RUN =
  /(?<![A-Za-z0-9_-])(?:password|passphrase|passwd|pwd|secret|token|credentials?|(?:api|access|private|secret)[ -]?key)[ \t]{1,3}(?:(?:is|was|of|for|with)[ \t]{1,3})?["'`(]?([^\s"'`,;()]{8,})/gi

/** `Password is x`, `wrong password 'x'`. Before a quote only: `unexpected token '}'` is no secret. */
const SAID =
  /(?<![A-Za-z0-9_-])(?:(?:password|passphrase|passwd|passcode|pwd|secret|token|credentials?|(?:api|access|private|secret)[ -]?key)[ \t]{1,3}(?:is|was|(?:set|changed)[ \t]to)[ \t:]{1,3}|(?:password|passphrase|passwd|passcode|pwd)[ \t]{1,3}(?=\\?["'`]))/gi

/** In quotes whatever it is; else only a word with letters and digits, because `is wrong` says nothing. */
function saidValue(text: string, at: number): Finding | null {
  const found = valueAt(text, at)
  if (found === null || found.start > at) return found
  const word = beforePlaceholder(
    text,
    found.start,
    text.slice(found.start, Math.min(found.end, found.start + 256)),
  )
  return word.length >= 6 && /\d/.test(word) && /[a-z]/i.test(word) ? found : null
}

function phrases(text: string, findings: Finding[]): void {
  for (const pattern of PHRASES)
    for (const match of matchesIn(text, pattern)) {
      const found = match[1] ?? ''
      const start = match.index + match[0].length - found.length
      if (placeholderEnd(text, start) === -1) push(start, found, findings)
    }
  if (!/pass|pwd|secret|token|credential|key/i.test(text)) return
  for (const match of matchesIn(text, SAID)) {
    const found = saidValue(text, match.index + match[0].length)
    if (found !== null) findings.push(found)
  }
  for (const match of matchesIn(text, WORD_THEN_RUN)) {
    const run = match[1] ?? ''
    const start = match.index + match[0].length - run.length
    const found = beforePlaceholder(text, start, run)
    if (looksLikeSecret(found)) push(start, found, findings)
  }
}

/** A run as far as nothing in it stands for a secret already: `password is token=[SCRUBBED …]`. */
function beforePlaceholder(text: string, start: number, run: string): string {
  for (let i = run.search(/[[*]/); i !== -1 && i < run.length; i++)
    if (placeholderEnd(text, start + i) !== -1) return run.slice(0, i)
  return run
}

/** What is said of an unbroken run by its shape alone, and from how many characters on. */
interface Look {
  readonly runs: RegExp
  isSecret(run: string): boolean
}

const LOOKS: Readonly<Partial<Record<TextMode, Look>>> = {
  note: { runs: /[^\s=,;|&"'`<>(){}[\]]{16,}/g, isSecret: looksLikeSecret },
  message: { runs: /[^\s=,;|&"'`<>(){}[\]]{16,}/g, isSecret: looksLikeSecretInProse },
  unknown: {
    runs: /[^\s=,;|&"'`<>(){}[\]]{8,}/g,
    isSecret: run => !isPlainRun(run) || looksLikeSecret(run),
  },
}

function runs(text: string, look: Look, findings: Finding[]): void {
  for (const match of matchesIn(text, look.runs)) {
    const run = match[0]
    if (!run.includes('://') && look.isSecret(run) && enclosingPlaceholderEnd(text, match.index) === -1)
      push(match.index, run, findings)
  }
}

function push(start: number, found: string, findings: Finding[]): void {
  findings.push({ start, end: start + found.length })
}
