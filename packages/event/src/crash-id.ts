import { decodeString, memberSpan, skipSpace } from './json-text.ts'
import { isObject, type RawEvent } from './raw-event.ts'

/**
 * Cloud Controller writes each crash down twice, as `audit.app.process.crash` and as `app.crash`. What both have in
 * common, and keep: the app (target), the instance guid, which Diego makes anew for every container, and its index.
 *
 *   crash:<app guid>:<instance guid>:<index>
 *
 * Null for other types, and for a crash whose data names no instance.
 */
export function crashId(type: string, appGuid: string, raw: RawEvent): string | null {
  if (type !== 'app.crash' && type !== 'audit.app.process.crash') return null
  const data = isObject(raw.value) ? raw.value['data'] : undefined
  const instance = isObject(data) ? data['instance'] : undefined
  if (typeof instance !== 'string' || instance === '') return null
  return `crash:${appGuid}:${instance}:${indexText(raw.dataText)}`
}

/** From the text, not from the parsed number: an index may lie beyond 2^53. */
function indexText(dataText: string): string {
  const span = memberSpan(dataText, skipSpace(dataText, 0), 'index')
  if (span === null) return ''
  if (dataText[span.start] === '"') return decodeString(dataText, span.start, span.end)
  return dataText.slice(span.start, span.end)
}
