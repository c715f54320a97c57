import type { Finding } from './finding.ts'
import { enclosingPlaceholderEnd, isPlaceholder, placeholderEnd } from './fingerprint.ts'
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

/** `wholeQuery`: a drain or route service URL, whose query and path are the receiver's credentials more often than not. */
export function urlSecrets(text: string, wholeQuery: boolean): Finding[] {
  const findings: Finding[] = []
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
  const at = userinfoEnd(text)
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

function userinfo(url: Url, at: number, findings: Finding[]): void {
  const { text } = url
  const colon = text.indexOf(':')
  if (colon === -1 || colon >= at || placeholderEnd(text, 0) > colon) {
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
    if (segment.length >= 16 && /\d/.test(segment) && /[a-z]/i.test(segment))
      found(url, slash + 1, stop, findings)
    slash = next
  }
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
