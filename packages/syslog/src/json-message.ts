import { type EncodedBytes, truncate } from '@cf-audit-drain/cef'
import type { AuditEvent, EventNames } from '@cf-audit-drain/event'
import type { MessageEncoder } from './cef-message.ts'
import { oneLineJson } from './one-line-json.ts'

/** How a message is made shorter when it is too long even without its data. */
interface Squeeze {
  readonly envelope: 'whole' | 'bare'
  /** Longest string, in bytes, as JSON and without the quotes. */
  readonly stringBytes: number
  readonly identityOnly: boolean
}

const squeezes: readonly Squeeze[] = [
  { envelope: 'whole', stringBytes: Number.MAX_SAFE_INTEGER, identityOnly: false },
  { envelope: 'whole', stringBytes: 512, identityOnly: false },
  { envelope: 'whole', stringBytes: 64, identityOnly: false },
  { envelope: 'bare', stringBytes: 64, identityOnly: false },
  { envelope: 'bare', stringBytes: 40, identityOnly: true },
]

/**
 * The MSG as one line of JSON: the AuditEvent with `data` as the JSON it is, its text untouched but for line ends between
 * tokens.
 * ```
 * {"foundation":…,"guid":…,…,"receivedAtMs":…,"data":{…}}
 * {"foundation":…,…,"data":null,"dataTruncated":true,"dataBytes":737413,"dataText":"{\"request\":…[truncated]"}
 * {…,"truncated":true,…}                                                      other strings were cut too
 * ```
 */
export function jsonMessage(maxBytes: number): MessageEncoder {
  return (event, _type, _createdAtMs, envelope) => {
    for (const squeeze of squeezes) {
      const start = envelope(squeeze.envelope) + fields(event, squeeze)
      const end = data(event.data, maxBytes - Buffer.byteLength(start))
      if (end !== null) return start + end
    }
    throw new RangeError(`event ${event.guid} does not fit ${maxBytes} bytes even without its data`)
  }
}

/** Everything but the data, open at the end. */
function fields(event: AuditEvent, squeeze: Squeeze): string {
  const text = (value: string) => jsonString(value, squeeze.stringBytes)
  const optional = (value: string | null) => (value === null ? 'null' : text(value))
  const party = (value: AuditEvent['actor']) =>
    value === null
      ? 'null'
      : `{"guid":${text(value.guid)},"type":${text(value.type)},"name":${text(value.name)}${value.username === undefined ? '' : `,"username":${text(value.username)}`}}`
  const identity = `"foundation":${text(event.foundation)},"guid":${text(event.guid)},"type":${text(event.type)},"createdAt":${text(event.createdAt)}`
  if (squeeze.identityOnly) return `{${identity},"truncated":true`
  const isWhole = squeeze.stringBytes === Number.MAX_SAFE_INTEGER
  const paths = isWhole ? oneLineJson(JSON.stringify(event.scrubbedPaths)) : '[]'
  const mark = isWhole ? '' : ',"truncated":true'
  return `{${identity},"actor":${party(event.actor)},"target":${party(event.target)},"spaceGuid":${optional(event.spaceGuid)},"organizationGuid":${optional(event.organizationGuid)},"scrubPolicy":${event.scrubPolicy},"scrubbedPaths":${paths},"crashId":${optional(event.crashId)},"provenance":"${event.provenance}","receivedAtMs":${event.receivedAtMs},"names":${namesText(event.names, text, isWhole)}${mark}`
}

/** `whole`: with what `data` speaks of; the names of the event itself stand there always. */
function namesText(names: EventNames | null, text: (value: string) => string, whole: boolean): string {
  if (names === null) return 'null'
  const optional = (value: string | null) => (value === null ? 'null' : text(value))
  const list = (items: readonly object[]) => (whole ? oneLineJson(JSON.stringify(items)) : '[]')
  return `{"actor":${optional(names.actor)},"actorKind":${text(names.actorKind)},"organization":${optional(names.organization)},"space":${optional(names.space)},"appGuid":${optional(names.appGuid)},"app":${optional(names.app)},"target":${optional(names.target)},"related":${list(names.related)},"unresolved":${list(names.unresolved)}}`
}

/** `,"data":…}` in at most `room` bytes; null when not even the mark of a cut fits. */
function data(received: string, room: number): string | null {
  const text = oneLineJson(received)
  const frame = ',"data":}'.length
  if (
    text.length + frame <= room &&
    (text.length * 3 + frame <= room || Buffer.byteLength(text) + frame <= room)
  ) {
    return `,"data":${text}}`
  }
  const mark = `,"data":null,"dataTruncated":true,"dataBytes":${Buffer.byteLength(received)}`
  const left = room - mark.length - ',"dataText":""}'.length
  if (left < 42) return mark.length + 1 <= room ? `${mark}}` : null
  return `${mark},"dataText":${jsonString(received, left)}}`
}

function jsonString(value: string, maxBytes: number): string {
  // A character is at least one byte, so what lies behind `maxBytes` characters cannot be part of the result.
  const cut = value.length * 6 <= maxBytes ? value : truncate(value, maxBytes, jsonBytes)
  return oneLineJson(JSON.stringify(cut))
}

/** As `JSON.stringify` writes it: `\"`, `\\`, `\n` and its like two bytes, other controls, NEL, U+2028, U+2029 and lone surrogates six. */
const jsonBytes: EncodedBytes = (codePoint, bytes) => {
  if (codePoint === 0x22 || codePoint === 0x5c) return 2
  if (codePoint < 0x20) return codePoint >= 8 && codePoint <= 13 && codePoint !== 11 ? 2 : 6
  if (codePoint === 0x85 || codePoint === 0x2028 || codePoint === 0x2029) return 6
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? 6 : bytes
}
