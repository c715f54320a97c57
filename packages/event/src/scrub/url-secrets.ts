import type { Finding } from './finding.ts'
import { enclosingPlaceholderEnd, isPlaceholder } from './fingerprint.ts'
import { isSecretKey } from './secret-key.ts'
import { looksLikeSecret } from './secret-shape.ts'

/*
 *   scheme://user:password@host:port/path?name=value&name=value#fragment
 *            ---- --------                     -----      -----
 *   what may be a secret; scheme, host, path and the names stay.
 */

const SCHEME_CHARACTERS_MAX = 32
/** URLs inside the query of a URL (`?redirect=https://…`) that are looked at. */
const NESTED_MAX = 8
const END_OF_URL = /[\s"'<>`\\]/g
const SEPARATOR = /[&;#?]/g
const SECRET_PARAMETER: ReadonlySet<string> = new Set([
  'key',
  'sig',
  'signature',
  'sas',
  'code',
  'hmac',
  'x_amz_signature',
  'x_amz_credential',
  'x_goog_signature',
  'x_goog_credential',
])

/** Options of Cloud Foundry itself in a drain URL; their values are words of a published list. */
const DRAIN_OPTIONS: ReadonlySet<string> = new Set([
  'drain-type',
  'drain-data',
  'disable-metadata',
  'ssl-strict-internal',
])

/**
 * Words of the paths of log receivers (`/services/collector/raw`, `/api/v2/logs`, `/loki/api/v1/push`). Whatever else
 * stands in the path of a drain URL may be the token; by its shape alone nothing tells it from a name.
 */
const PATH_WORDS: ReadonlySet<string> = new Set(
  'api apis app apps auth bulk cloud cloudfoundry collect collector data drain drains elastic event events firehose forward foundry gateway http https index ingest ingestion input inputs intake json kafka line log logging logs logstash loki messages metric metrics opentelemetry otlp proxy publish push raw receive receiver route routes router send service services source sources splunk stream streams submit syslog tag topic topics trace traces upload webhook webhooks write'.split(
    ' ',
  ),
)
const PATH_WORD_LENGTH_MIN = 4

/** How much of a URL is looked at. */
export interface UrlCare {
  /** A drain or route service URL, whose query and path are the receiver's credentials more often than not. */
  readonly wholeQuery: boolean
  /** What is taken for a URL though it has no scheme: nothing, a word with `user:password@`, or every word. */
  readonly withoutScheme: 'no' | 'userinfo' | 'whole'
}

export function urlSecrets(text: string, { wholeQuery, withoutScheme }: UrlCare): Finding[] {
  const findings: Finding[] = []
  if (withoutScheme === 'whole' || (withoutScheme === 'userinfo' && text.includes('@')))
    urlsWithoutScheme(text, wholeQuery && withoutScheme === 'whole', findings)
  let end = 0
  let nested = 0
  for (let mark = text.indexOf('://'); mark !== -1; mark = text.indexOf('://', mark + 3)) {
    if (mark >= end) {
      end = endOfUrl(text, mark + 3)
      nested = 0
    } else if (++nested > NESTED_MAX) {
      // No URL that anybody means; looking at each part of it would take time in squares.
      findings.push({ start: mark, end })
      mark = end - 3
      continue
    }
    if (!hasScheme(text, mark)) continue
    const overHttp = /https?$/i.test(text.slice(Math.max(0, mark - 5), mark))
    urlParts({ text: text.slice(mark + 3, end), offset: mark + 3, overHttp, wholeQuery }, findings)
  }
  return findings
}

const SCHEME_FIRST = /^(?:jdbc:|r2dbc:)?[a-z][a-z0-9+.-]{0,31}:\/\//i
/** Of an image, `nginx:1.25@sha256:…`: what stands before it is no user. */
const DIGEST = /@sha\d{1,3}:[0-9a-f]+$/

function urlsWithoutScheme(text: string, wholeQuery: boolean, findings: Finding[]): void {
  for (let at = 0; at < text.length; ) {
    const end = endOfUrl(text, at)
    const start = text.startsWith('//', at) ? at + 2 : at
    if (end > start && !SCHEME_FIRST.test(text.slice(start, start + 48))) {
      const url = text.slice(start, end).replace(DIGEST, '')
      urlParts({ text: url, offset: start, overHttp: wholeQuery, wholeQuery }, findings)
    }
    at = end + 1
  }
}

function hasScheme(text: string, mark: number): boolean {
  return mark > 0 && /[a-z0-9+.-]$/i.test(text.slice(Math.max(0, mark - SCHEME_CHARACTERS_MAX), mark))
}

function endOfUrl(text: string, at: number): number {
  END_OF_URL.lastIndex = at
  for (;;) {
    const hit = END_OF_URL.exec(text)
    if (hit === null) return text.length
    // A fingerprint holds a space; a URL that was scrubbed before goes on after it.
    const placeholder = enclosingPlaceholderEnd(text, hit.index)
    if (placeholder === -1) return hit.index
    END_OF_URL.lastIndex = placeholder
  }
}

/** What follows `://`, cut out, so that no search runs beyond this URL. `offset` is where it stood. */
interface Url {
  readonly text: string
  readonly offset: number
  readonly overHttp: boolean
  readonly wholeQuery: boolean
}

function urlParts(url: Url, findings: Finding[]): void {
  const { text } = url
  const at = userinfoEnd(withoutMarks(text))
  if (at !== -1) userinfo(url, at, findings)
  const rest = text.slice(at + 1).search(/[?#]/)
  const query = rest === -1 ? text.length : at + 1 + rest
  if (url.wholeQuery) pathTokens(url, at + 1, query, findings)
  parameters(url, query + 1, findings)
}

/** Index of the `@` after the userinfo. An unencoded `/`, `?` or `#` inside a password is allowed for. */
function userinfoEnd(text: string): number {
  const stop = text.search(/[/?#]/)
  const authority = stop === -1 ? text : text.slice(0, stop)
  const at = authority.lastIndexOf('@')
  if (at !== -1) return at
  const colon = authority.indexOf(':')
  if (colon === -1 || authority.startsWith('[') || /^\d*$/.test(authority.slice(colon + 1))) return -1
  return text.lastIndexOf('@')
}

/** A fingerprint holds a colon itself. Of the same length. */
function withoutMarks(text: string): string {
  return text.includes('[SCRUBBED ')
    ? text.replace(/\[SCRUBBED hmac-sha256:[0-9a-f]{16}\]/g, mark => '_'.repeat(mark.length))
    : text
}

function userinfo(url: Url, at: number, findings: Finding[]): void {
  const { text } = url
  const colon = withoutMarks(text).indexOf(':')
  if (colon === -1 || colon >= at) {
    // Without a password the user of an http URL is a token; `ssh://git@…` names an account.
    if (url.overHttp || looksLikeSecret(text.slice(0, at))) found(url, 0, at, findings)
    return
  }
  const password = text.slice(colon + 1, at)
  const byUser = password === '' || password === 'x-oauth-basic'
  if (byUser || looksLikeSecret(text.slice(0, colon))) found(url, 0, colon, findings)
  if (!byUser) found(url, colon + 1, at, findings)
}

function pathTokens(url: Url, host: number, end: number, findings: Finding[]): void {
  let slash = url.text.indexOf('/', host)
  while (slash !== -1 && slash < end) {
    const next = url.text.indexOf('/', slash + 1)
    const stop = next === -1 || next > end ? end : next
    const segment = url.text.slice(slash + 1, stop)
    if (!isPathWord(segment)) found(url, slash + 1, stop, findings)
    slash = next
  }
}

function isPathWord(segment: string): boolean {
  if (segment.length < PATH_WORD_LENGTH_MIN) return true
  if (segment.length > 64) return false
  const words = segment.toLowerCase().split(/[-_.]/)
  return words.every(word => PATH_WORDS.has(word) || /^v\d{1,2}$/.test(word))
}

function parameters(url: Url, begin: number, findings: Finding[]): void {
  let at = begin
  while (at < url.text.length) {
    SEPARATOR.lastIndex = at
    const stop = SEPARATOR.exec(url.text)?.index ?? url.text.length
    const parameter = url.text.slice(at, stop)
    const equals = parameter.indexOf('=')
    const name = decoded(parameter.slice(0, Math.max(0, equals)))
    const value = parameter.slice(equals + 1)
    const hidden = url.wholeQuery ? !DRAIN_OPTIONS.has(name.toLowerCase()) : isSecretParameter(name)
    if (hidden || looksLikeSecret(decoded(value))) found(url, at + equals + 1, stop, findings)
    at = stop + 1
  }
}

function isSecretParameter(name: string): boolean {
  return isSecretKey(name) || SECRET_PARAMETER.has(name.toLowerCase().replaceAll('-', '_'))
}

function found(url: Url, start: number, end: number, findings: Finding[]): void {
  const secret = decoded(url.text.slice(start, end))
  if (secret !== '' && !isPlaceholder(secret))
    findings.push({ start: url.offset + start, end: url.offset + end, secret })
}

function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
