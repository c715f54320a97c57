/** What stands at a place of the header that has no value. */
export const nilValue = '-'

const whitespaceRun = /\s+/g
const notHostname = /[^-._a-zA-Z0-9]/g
const notPrintableAscii = /[^\u0021-\u007e]/gu
/** Not `-` alone, which is the nil value. */
const plainToken = /^[a-zA-Z0-9_.~+@/][-a-zA-Z0-9_.~+@/]*$/
const misleading = /[|:\\="[\]]/g
const unsafeInSd = /[\u0000-\u001f\u007f-\u009f\u2028\u2029"\\\]|]|CEF:/
const wholeSecond = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** CEF severity 0–10 to syslog severity: Low → 6 info, Medium → 5 notice, High → 4 warning, Very-High → 2 critical. */
export function syslogSeverity(cefSeverity: number): 6 | 5 | 4 | 2 {
  if (cefSeverity <= 3) return 6
  if (cefSeverity <= 6) return 5
  return cefSeverity <= 8 ? 4 : 2
}

/**
 * The time of the event, as loggregator writes a whole second: `2026-11-22T02:43:39+00:00`. Cloud Controller stamps whole
 * seconds; a `.000` would claim a precision nobody measured, and every receiver read takes the form without.
 */
export function headerTime(createdAt: string): string {
  if (wholeSecond.test(createdAt)) return `${createdAt.slice(0, 19)}+00:00`
  const ms = Date.parse(createdAt)
  if (!Number.isFinite(ms) || ms < 0 || ms > 253402300799999) return nilValue
  return new Date(ms).toISOString().replace('Z', '+00:00')
}

/** By loggregator's rules for a part of its HOSTNAME, except that `.` and `_` stay: one label, 63 characters at most. */
export function hostname(foundation: string): string {
  const name = foundation.replace(whitespaceRun, '-').replace(notHostname, '').slice(0, 63).replace(/-+$/, '')
  return name === '' ? nilValue : name
}

const notAppHostname = /[^-a-zA-Z0-9]/g

/**
 * `ORG.SPACE.APP` exactly as loggregator writes it for the log lines of the same app, so both meet under one HOSTNAME: in each
 * part runs of whitespace become `-`, all but letters, digits and `-` goes, then `-` at the end, then what is over 63. A part
 * that is not known is empty. Null when none is known.
 */
export function appHostname(names: {
  readonly organization: string | null
  readonly space: string | null
  readonly app: string | null
}): string | null {
  const { organization, space, app } = names
  if (organization === null && space === null && app === null) return null
  return [organization, space, app].map(hostnamePart).join('.')
}

function hostnamePart(name: string | null): string {
  return (name ?? '').replace(whitespaceRun, '-').replace(notAppHostname, '').replace(/-+$/, '').slice(0, 63)
}

/**
 * Printable ASCII of at most `max` characters, anything else `_`. So are `|`, `:` and the like: parsers look for the CEF
 * header by its first `CEF:` or its first pipe, in front of the message too.
 */
export function headerToken(value: string, max: number): string {
  if (value.length <= max && plainToken.test(value)) return value
  const token = value.replace(notPrintableAscii, '_').replace(misleading, '_').slice(0, max)
  return token === '' || token === nilValue ? '_' : token
}

/**
 * MSGID: the event type. One longer than 32 characters loses its `audit.`; one still too long keeps 23 characters and gets
 * `~` and the FNV-1a hash of the whole in eight hex digits: the same for every event of the type, and no other's.
 */
export function messageId(type: string): string {
  if (type.length <= 32) return headerToken(type, 32)
  const short = type.replace(/^audit\./, '')
  if (short.length <= 32) return headerToken(short, 32)
  return `${headerToken(short, 23)}~${fnv1a(type).toString(16).padStart(8, '0')}`
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/**
 * SD-PARAM (RFC 5424 §6.3.3): `name="value"`, with `"`, `\` and `]` escaped by a backslash. Controls become spaces, and for
 * the reason given at `headerToken` a pipe becomes `/` and `CEF:` becomes `CEF_`.
 */
export function sdParam(name: string, value: string): string {
  if (!unsafeInSd.test(value)) return `${name}="${value}"`
  const safe = value
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
    .replaceAll('|', '/')
    .replaceAll('CEF:', 'CEF_')
    .replace(/["\\\]]/g, '\\$&')
  return `${name}="${safe}"`
}
