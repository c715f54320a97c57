import type { Finding } from './finding.ts'
import { enclosingPlaceholderEnd, placeholderEnd } from './fingerprint.ts'
import { isSecretKey } from './secret-key.ts'
import { looksLikeSecret, looksLikeSecretInProse } from './secret-shape.ts'
import { urlSecrets } from './url-secrets.ts'

/**
 * How hard a string is looked at. `plain`: what is a secret beyond doubt. `note`: labels and annotations, also by shape.
 * `message`: what a program said when it failed, also by phrase. `drain-url`: also every value of a query.
 */
export type TextMode = 'plain' | 'note' | 'message' | 'drain-url'

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
  const findings = urlSecrets(text, mode === 'drain-url')
  for (const pattern of UNMISTAKABLE)
    for (const match of text.matchAll(pattern))
      findings.push({ start: match.index, end: match.index + match[0].length })
  privateKeys(text, findings)
  authorizations(text, findings)
  namedValues(text, NAMED, findings)
  namedValues(text, FLAG, findings)
  if (mode === 'message') phrases(text, findings)
  if (mode === 'note' || mode === 'message') runs(text, mode, findings)
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

function authorizations(text: string, findings: Finding[]): void {
  for (const match of text.matchAll(/(?<![A-Za-z])(?:bearer|basic)[ \t]{1,4}([\w+/=.~-]{8,})/gi)) {
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
  for (const match of text.matchAll(pattern)) {
    // What is already inside a secret need not be looked at again, or `token=token=…` would run in squares.
    if (match.index < covered || !isSecretKey(match[1] ?? '')) continue
    const found = valueAt(text, match.index + match[0].length)
    if (found === null) continue
    findings.push(found)
    covered = found.end
  }
}

const SAYS_NOTHING =
  /^(?:true|false|yes|no|null|nil|none|undefined|required|missing|invalid|expired|unknown|empty|not|is|was|must|cannot|\$[A-Z_]{1,64})$/i
/** A variable, an expression or the beginning of a structure. */
const NO_VALUE = /^(?:\$[({]|\(\(|[{<])/
const SCHEME_WORD = /(?:bearer|basic|digest|token|negotiate|apikey)[ \t]{1,4}(?=\S)/iy

function valueAt(text: string, at: number): Finding | null {
  SCHEME_WORD.lastIndex = at
  const from = SCHEME_WORD.test(text) ? SCHEME_WORD.lastIndex : at
  const quote = /^\\?(["'`])/.exec(text.slice(from, from + 2))
  const start = from + (quote?.[0].length ?? 0)
  if (placeholderEnd(text, start) !== -1) return null
  if (quote !== null) return finding(start, closing(text, start, quote[1] ?? '"'))
  if (NO_VALUE.test(text.slice(start, start + 2))) return null
  const end = runEnd(text, start)
  return end - start <= 65 && SAYS_NOTHING.test(text.slice(start, end)) ? null : finding(start, end)
}

function finding(start: number, end: number): Finding | null {
  return end > start ? { start, end } : null
}

function runEnd(text: string, at: number): number {
  const stop = /[\s,;&"'`)\]}|]/g
  stop.lastIndex = at
  return stop.exec(text)?.index ?? text.length
}

/** Where a quoted value ends. Inside quoted JSON the quotes are escaped themselves. */
function closing(text: string, start: number, quote: string): number {
  const escaped = text[start - 2] === '\\'
  let at = text.indexOf(quote, start)
  while (at !== -1) {
    let backslashes = 0
    while (at - backslashes > start && text[at - backslashes - 1] === '\\') backslashes++
    if (escaped ? backslashes === 1 : backslashes % 2 === 0) return at - (escaped ? 1 : 0)
    at = text.indexOf(quote, at + 1)
  }
  return text.length
}

const PHRASES: readonly RegExp[] = [
  // `login failed for X`: what follows is a user name at best and a password at worst.
  /(?<![A-Za-z])(?:log-?[io]n|sign-?in|auth|authentication|authorization|access|credentials?)[ \t](?:attempt[ \t])?(?:failed|failure|denied|rejected|refused|error)[ \t](?:for|with|using|as)[ \t](?:(?:the|user|username|account|role|client|key|token|password|secret)[ \t]){0,3}:?[ \t]?["'`]?([^\s"'`,;()]+)/gi,
]

const WORD_THEN_RUN =
  /(?<![A-Za-z0-9_-])(?:password|passphrase|passwd|pwd|secret|token|credentials?|(?:api|access|private|secret)[ -]?key)[ \t]{1,3}(?:(?:is|was|of|for|with)[ \t]{1,3})?["'`(]?([^\s"'`,;()]{8,})/gi

function phrases(text: string, findings: Finding[]): void {
  for (const pattern of PHRASES)
    for (const match of text.matchAll(pattern)) {
      const found = match[1] ?? ''
      const start = match.index + match[0].length - found.length
      if (placeholderEnd(text, start) === -1) push(start, found, findings)
    }
  for (const match of text.matchAll(WORD_THEN_RUN)) {
    const found = match[1] ?? ''
    if (looksLikeSecret(found)) push(match.index + match[0].length - found.length, found, findings)
  }
}

/** Every unbroken run, by its shape alone. */
function runs(text: string, mode: TextMode, findings: Finding[]): void {
  const looks = mode === 'note' ? looksLikeSecret : looksLikeSecretInProse
  for (const match of text.matchAll(/[^\s=,;|&"'`<>(){}[\]]{16,}/g)) {
    const run = match[0]
    if (!run.includes('://') && looks(run) && enclosingPlaceholderEnd(text, match.index) === -1)
      push(match.index, run, findings)
  }
}

function push(start: number, found: string, findings: Finding[]): void {
  findings.push({ start, end: start + found.length })
}
