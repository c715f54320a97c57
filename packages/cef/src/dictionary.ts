/**
 * The extension keys a producer may send: name, type, and longest value in UTF-8 bytes, as in the key table of the CEF
 * implementation standard (document version 27). Left out on purpose: keys only a consumer may set (`eventId`, `rawEvent`,
 * `art`, …), keys reserved for the customer (`flex…`), `requestCookies`, and every key we have nothing for.
 */
type Spec =
  | { readonly type: 'string'; readonly maxBytes: number }
  | { readonly type: 'integer' }
  | { readonly type: 'timestamp' }

const text = (maxBytes: number) => ({ type: 'string', maxBytes }) as const
const label = text(1023)
const integer = { type: 'integer' } as const
const timestamp = { type: 'timestamp' } as const

export const cefDictionary = {
  act: text(63),
  app: text(31),
  cat: text(1023),
  cn1: integer,
  cn1Label: label,
  cn2: integer,
  cn2Label: label,
  cn3: integer,
  cn3Label: label,
  cnt: integer,
  cs1: text(4000),
  cs1Label: label,
  cs2: text(4000),
  cs2Label: label,
  cs3: text(4000),
  cs3Label: label,
  cs4: text(4000),
  cs4Label: label,
  cs5: text(4000),
  cs5Label: label,
  cs6: text(4000),
  cs6Label: label,
  destinationServiceName: text(1023),
  deviceCustomDate1: timestamp,
  deviceCustomDate1Label: label,
  deviceCustomDate2: timestamp,
  deviceCustomDate2Label: label,
  deviceExternalId: text(255),
  deviceFacility: text(1023),
  devicePayloadId: text(128),
  deviceProcessName: text(1023),
  dhost: text(1023),
  dpriv: text(1023),
  dproc: text(1023),
  dtz: text(255),
  duid: text(1023),
  duser: text(1023),
  dvchost: text(100),
  end: timestamp,
  externalId: text(40),
  msg: text(1023),
  outcome: text(63),
  reason: text(1023),
  request: text(1023),
  requestClientApplication: text(1023),
  requestContext: text(2048),
  requestMethod: text(1023),
  rt: timestamp,
  shost: text(1023),
  sourceServiceName: text(1023),
  spriv: text(1023),
  sproc: text(1023),
  start: timestamp,
  suid: text(1023),
  suser: text(1023),
} as const satisfies Record<string, Spec>

export type CefKey = keyof typeof cefDictionary

/** Keys that say nothing without their label: `cs1` and `cs1Label`. */
export type LabelledCefKey = {
  [K in CefKey]: `${K}Label` extends CefKey ? K : never
}[CefKey]

/** What a key carries: text, a whole number, or milliseconds since the epoch. */
export type CefValue<K extends CefKey> = (typeof cefDictionary)[K]['type'] extends 'string' ? string : number
