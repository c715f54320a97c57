import { type CefEncoder, cefEncoder, encodeCefHeader, truncationMarker } from '@cf-audit-drain/cef'
import { type AuditEvent, describeEvent, type EventType, eventType, outcomeOf } from '@cf-audit-drain/event'
import { boundedCache } from './bounded-cache.ts'
import {
  type CefContext,
  type CefRow,
  cefData,
  cefDataCut,
  cefRows,
  repeatingKeys,
  rowPrefix,
} from './cef-mapping.ts'

export interface CefMessageOptions {
  readonly avoidEquals?: boolean
  readonly leadingSpace?: boolean
  /** Host of the foundation's API, for `dvchost`. */
  readonly apiHost?: string
  /** The Device Version; default `1.0`. */
  readonly deviceVersion?: string
}

export type MessageEncoder = (
  event: AuditEvent,
  type: EventType,
  /** `createdAt` in milliseconds since the epoch; NaN when it is no time. */
  createdAtMs: number,
  envelope: (form: 'whole' | 'bare') => string,
) => string

/** How a message is made shorter, step by step, when it is too long even without its data. */
interface Squeeze {
  readonly envelope: 'whole' | 'bare'
  /** Only what a message never goes without. */
  readonly identityOnly: boolean
  /** Longest encoded value. */
  readonly valueBytes: number
  readonly headerMax: { readonly classId?: number; readonly name?: number }
}

const unlimited = Number.MAX_SAFE_INTEGER
const short = { classId: 64, name: 64 }
const squeezes: readonly Squeeze[] = [
  { envelope: 'whole', identityOnly: false, valueBytes: unlimited, headerMax: {} },
  { envelope: 'whole', identityOnly: false, valueBytes: 512, headerMax: {} },
  { envelope: 'whole', identityOnly: false, valueBytes: 128, headerMax: {} },
  { envelope: 'whole', identityOnly: false, valueBytes: 64, headerMax: short },
  { envelope: 'bare', identityOnly: false, valueBytes: 64, headerMax: short },
  { envelope: 'bare', identityOnly: true, valueBytes: 40, headerMax: { classId: 64, name: 32 } },
]

/** The MSG as CEF: the data shrinks first, then the other values, then the structured data and all but the identity goes. */
export function cefMessage(options: CefMessageOptions, maxBytes: number): MessageEncoder {
  const header = cefHeader(options)
  const wholeHeader = boundedCache(1_000, name => header(name, {}))
  const extension = cefExtension(options)
  const data = cefDataEncoder(options)

  return (event, type, createdAtMs, envelope) => {
    const context: CefContext = {
      event,
      type,
      outcome: outcomeOf(event, type),
      description: describeEvent(event),
      createdAtMs,
      apiHost: options.apiHost,
    }
    const start = envelope('whole') + wholeHeader(event.type) + extension(context, unlimited, false)
    const end = data(context, unlimited)
    if (end !== null && (start.length + end.length) * 3 <= maxBytes) return start + end
    for (const squeeze of squeezes) {
      const shorter =
        envelope(squeeze.envelope) +
        header(event.type, squeeze.headerMax) +
        extension(context, squeeze.valueBytes, squeeze.identityOnly)
      const fitting = data(context, maxBytes - Buffer.byteLength(shorter))
      if (fitting !== null) return shorter + fitting
    }
    throw new RangeError(`event ${event.guid} does not fit ${maxBytes} bytes even without its data`)
  }
}

function cefHeader(options: CefMessageOptions): (typeName: string, max: Squeeze['headerMax']) => string {
  return (name, max) => {
    const type = eventType(name)
    return (
      encodeCefHeader(
        {
          vendor: 'Cloud Foundry',
          product: 'Audit',
          version: options.deviceVersion ?? '1.0',
          classId: name,
          name: nameOfType(type),
          severity: type.severity,
        },
        max,
      ) + (options.leadingSpace ? ' ' : '')
    )
  }
}

/** All rows but the data. */
function cefExtension(
  options: CefMessageOptions,
): (context: CefContext, valueBytes: number, identityOnly: boolean) => string {
  const rows = cefRows.map(row => ({ row, encode: pairEncoder(row, options) }))
  const pair = ({ row, encode }: (typeof rows)[number], context: CefContext, valueBytes: number) =>
    encode(row.value(context), valueBytes)
  const identity = rows.filter(({ row }) => row.key === 'rt' || row.key === 'externalId')
  const perType = rows.filter(({ row }) => row.perType)
  const perEvent = rows.filter(({ row }) => !row.perType)
  const [first, ...rest] = perEvent
  const typePairs = { success: new Map<string, string>(), failure: new Map(), unknown: new Map() }

  const pairsOfType = (context: CefContext, valueBytes: number) => {
    const ofOutcome: Map<string, string> = typePairs[context.outcome]
    const known = ofOutcome.get(context.event.type)
    if (known !== undefined) return known
    const pairs = perType.map(row => pair(row, context, valueBytes)).join('')
    if (ofOutcome.size >= 1_000) ofOutcome.clear()
    ofOutcome.set(context.event.type, pairs)
    return pairs
  }

  return (context, valueBytes, identityOnly) => {
    if (identityOnly)
      return identity
        .map(row => pair(row, context, valueBytes))
        .join('')
        .slice(1)
    let out = first ? pair(first, context, valueBytes).slice(1) : ''
    out += pairsOfType(context, valueBytes)
    for (const row of rest) out += pair(row, context, valueBytes)
    return out
  }
}

/** A space and `key=value`, label included; nothing for nothing. */
function pairEncoder(row: CefRow, options: CefMessageOptions): CefEncoder {
  const prefix = ` ${rowPrefix(row)}`
  const encode = cefEncoder(row.key, options)
  const pair: CefEncoder = (value, maxBytes) => {
    const encoded = encode(value, maxBytes)
    return encoded === '' ? '' : prefix + encoded
  }
  if (!repeatingKeys.has(row.key)) return pair
  const remembered = boundedCache<string, Parameters<CefEncoder>[0]>(1_000, value => pair(value))
  return (value, maxBytes) => (maxBytes === unlimited ? remembered(value) : pair(value, maxBytes))
}

/** ` cs5Label=data cs5=…` in at most `room` bytes, behind the mark of a cut where there was one; null when not even that fits. */
function cefDataEncoder(options: CefMessageOptions): (context: CefContext, room: number) => string | null {
  const prefix = ` ${rowPrefix(cefData)}`
  const cutPrefix = ` ${rowPrefix(cefDataCut)}`
  const encode = cefEncoder(cefData.key, options)
  return (context, room) => {
    const text = cefData.value(context)
    const uncut = encode(text)
    if (uncut === '') return room < 0 ? null : ''
    // JSON text never ends with the marker.
    if (!uncut.endsWith(truncationMarker) && fits(prefix.length, uncut, room)) return prefix + uncut
    const mark = `${cutPrefix}${cefDataCut.value(context)}`
    if (mark.length > room) return null
    const left = room - mark.length - prefix.length
    return left < truncationMarker.length * 4 ? mark : `${mark}${prefix}${encode(text, left)}`
  }
}

/** The catalogue's sentence without its places for names: `Created app`. The header must say the same for every event. */
export function nameOfType(type: EventType): string {
  const words = type.description
    .replace(/ \([^()]*\{target\}\)| by \{actor\}/g, '')
    .replace(/\{actor\}|\{target\}/g, '')
    .replace(/\s+/g, ' ')
    .replaceAll(' ,', ',')
    .trim()
    .replace(/ (to|of|in|for|from|with|on|by)$/, '')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Whether `ascii` more bytes and `text` fit: counted only where it matters. */
function fits(ascii: number, text: string, room: number): boolean {
  return ascii + text.length * 3 <= room || ascii + Buffer.byteLength(text) <= room
}
