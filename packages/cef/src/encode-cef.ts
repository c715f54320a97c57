import { type CefKey, type CefValue, cefDictionary, type LabelledCefKey } from './dictionary.ts'
import { cleanValue, escapedBytes, escapeValue, headerText, isPlainValue } from './escape.ts'
import { truncate } from './truncate.ts'

/**
 * ```
 * CEF:0|Vendor|Product|Version|Class ID|Name|Severity|key=value key=value …
 * header field: printable ASCII without | and \           (so nothing there needs an escape)
 * value:        UTF-8; \ is \\, = is \=, LF is \n; no control; not empty; no white space at either end
 * ```
 * CEF implementation standard, document version 27. `CEF:0` because SC4S and liblognorm take no other.
 */
export interface CefHeader {
  readonly vendor: string
  readonly product: string
  readonly version: string
  /** The same for every event of one type. */
  readonly classId: string
  /** The same for every event of one type; repeats no value of the extension. */
  readonly name: string
  /** 0 to 10. */
  readonly severity: number
}

export interface CefOptions {
  /** `: ` for `=` in every value: Graylog's parser un-escapes `\=` before it looks for keys. Default false. */
  readonly avoidEquals?: boolean
  /** One space after the seventh pipe: liblognorm loses the first character of the first key without. Default false. */
  readonly leadingSpace?: boolean
}

/** Each key at most once, in the order given; null and empty values are left out. */
export type CefExtension = { readonly [K in CefKey]?: CefValue<K> | null }

/** Longest header fields, in characters (they are ASCII). */
const headerMax = { vendor: 63, product: 63, version: 31, classId: 1023, name: 512 }

/** Up to and with the seventh pipe. `max` shortens fields below the standard's lengths. */
export function encodeCefHeader(header: CefHeader, max: Partial<typeof headerMax> = {}): string {
  const field = (name: keyof typeof headerMax) =>
    headerText(header[name], Math.min(headerMax[name], max[name] ?? Number.MAX_SAFE_INTEGER))
  const severity = Math.min(10, Math.max(0, Math.round(header.severity) || 0))
  return `CEF:0|${field('vendor')}|${field('product')}|${field('version')}|${field('classId')}|${field('name')}|${severity}|`
}

export function encodeCef(header: CefHeader, extension: CefExtension, options: CefOptions = {}): string {
  let out = encodeCefHeader(header)
  let separator = options.leadingSpace ? ' ' : ''
  for (const [key, value] of Object.entries(extension)) {
    const pair = cefPair(key as CefKey, value, options)
    if (pair === '') continue
    out += separator + pair
    separator = ' '
  }
  return out
}

/** Encodes one key: `key=value`, or nothing when there is no value. */
export function cefPair(
  key: CefKey,
  value: string | number | null | undefined,
  options: CefOptions = {},
): string {
  const encoded = cefEncoder(key, options)(value)
  return encoded === '' ? '' : `${key}=${encoded}`
}

/** `cs1Label=organization_guid cs1=`, to be followed by a value. */
export function cefLabel(key: LabelledCefKey, label: string): string {
  return `${key}Label=${cefEncoder(`${key}Label`)(label)} ${key}=`
}

/**
 * The encoded value alone; empty when there is none. `maxEncodedBytes` cuts further than the key's own length, measured
 * after escaping; a number that does not fit it is left out.
 */
export type CefEncoder = (value: string | number | null | undefined, maxEncodedBytes?: number) => string

/** The encoder of one key's values, for those who encode many. */
export function cefEncoder(key: CefKey, options: CefOptions = {}): CefEncoder {
  const spec = cefDictionary[key]
  if (spec === undefined)
    throw new TypeError(`'${key}' is no CEF key this package may send: see cefDictionary`)
  if (spec.type !== 'string') return wholeNumber
  const { maxBytes } = spec
  const avoidEquals = options.avoidEquals ?? false
  return (value, maxEncodedBytes = Number.MAX_SAFE_INTEGER) => {
    if (value === null || value === undefined) return ''
    const trimmed = String(value).trim()
    const bytesAtMost = trimmed.length * 3
    if (bytesAtMost <= maxBytes && bytesAtMost <= maxEncodedBytes && isPlainValue(trimmed)) return trimmed
    return carefulValue(trimmed, maxBytes, avoidEquals, maxEncodedBytes)
  }
}

const wholeNumber: CefEncoder = (value, maxEncodedBytes = Number.MAX_SAFE_INTEGER) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return ''
  const digits = String(value)
  return digits.length > maxEncodedBytes ? '' : digits
}

function carefulValue(
  trimmed: string,
  maxBytes: number,
  avoidEquals: boolean,
  maxEncodedBytes: number,
): string {
  const clean = isPlainValue(trimmed) ? trimmed : cleanBeginning(trimmed, maxBytes, avoidEquals)
  const inLength =
    clean.length * 3 <= maxBytes || Buffer.byteLength(clean) <= maxBytes ? clean : truncate(clean, maxBytes)
  const encoded = escapeValue(inLength)
  if (encoded.length * 3 <= maxEncodedBytes || Buffer.byteLength(encoded) <= maxEncodedBytes) return encoded
  return escapeValue(truncate(clean, maxEncodedBytes, escapedBytes))
}

/** Of a very long value only as much as it takes to cut it right: a line break of two characters becomes one. */
function cleanBeginning(value: string, maxBytes: number, avoidEquals: boolean): string {
  const enough = maxBytes * 2 + 1
  if (value.length <= enough) return cleanValue(value, avoidEquals).trim()
  return cleanValue(value.slice(0, enough), avoidEquals).trimStart()
}
