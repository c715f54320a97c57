import { isObjectAt, keyIs, skipSpace, valueEnd, walkElements, walkMembers } from './json-text.ts'

/** One element of a page's `resources`, before anything is believed of it. Short-lived: its texts hold on to the page. */
export interface RawEvent {
  /** What JSON.parse made of it. Numbers in it may be corrupted: never used for `data`. */
  readonly value: unknown
  /** The exact JSON text of the member `data`; `null` where there is none. */
  readonly dataText: string
  /** The exact JSON text of the whole element. */
  readonly text: string
}

/** One answer of `GET /v3/audit_events`. */
export interface RawPage {
  readonly totalResults: number
  readonly resources: readonly RawEvent[]
}

/** The body is no page of events: nothing in it counts, and the request is to be made again. */
export class MalformedPageError extends Error {
  override readonly name = 'MalformedPageError'
}

/** Splits a body into its events, whose texts are byte for byte as received. Throws MalformedPageError. */
export function splitEventPage(body: string): RawPage {
  return splitPage(
    body,
    'pagination.total_results',
    ({ pagination }) => (isObject(pagination) ? pagination['total_results'] : undefined),
    v3Event,
  )
}

/** Puts the element of `resources` that begins at `start`, of which JSON.parse made `value`, behind `events`; answers where it ends. */
type EventAt = (body: string, start: number, value: unknown, events: RawEvent[]) => number

/** A page of either API; `where` names its count in the complaint. Throws MalformedPageError. */
export function splitPage(
  body: string,
  where: string,
  countOf: (page: Readonly<Record<string, unknown>>) => unknown,
  eventAt: EventAt,
): RawPage {
  const page = parse(body)
  if (!isObject(page)) throw new MalformedPageError('the page is not a JSON object')
  const totalResults = countOf(page)
  const { resources } = page
  if (typeof totalResults !== 'number' || !Number.isSafeInteger(totalResults) || totalResults < 0)
    throw new MalformedPageError(`the page has no ${where} that is an integer of 0 or more`)
  if (!Array.isArray(resources)) throw new MalformedPageError('the page has no array `resources`')
  return { totalResults, resources: rawEvents(body, resources, eventAt) }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    // The engine's message quotes the body, which may hold secrets.
    throw new MalformedPageError(`the page is not JSON (${body.length} characters)`, {
      cause: error instanceof Error ? error.name : undefined,
    })
  }
}

/** One pass over the text, beside what JSON.parse made of it. */
function rawEvents(body: string, values: readonly unknown[], eventAt: EventAt): RawEvent[] {
  let events: RawEvent[] = []
  walkMembers(body, skipSpace(body, 0), (keyStart, keyEnd, start) => {
    if (!keyIs(body, keyStart, keyEnd, 'resources') || body[start] !== '[') return valueEnd(body, start)
    // Of duplicate members the last counts, as for JSON.parse.
    events = []
    return walkElements(body, start, at => eventAt(body, at, values[events.length], events))
  })
  if (events.length !== values.length)
    throw new MalformedPageError(`the page shows ${values.length} events, its text ${events.length}`)
  return events
}

function v3Event(body: string, start: number, value: unknown, events: RawEvent[]): number {
  let dataText = 'null'
  const end = isObjectAt(body, start)
    ? walkMembers(body, start, (keyStart, keyEnd, at) => {
        const valueStop = valueEnd(body, at)
        if (keyIs(body, keyStart, keyEnd, 'data')) dataText = body.slice(at, valueStop)
        return valueStop
      })
    : valueEnd(body, start)
  events.push({ value, dataText, text: body.slice(start, end) })
  return end
}

/** The guid where there is a usable one: what a malformed event can still be known by. */
export function rawGuid(raw: RawEvent): string | null {
  const guid = isObject(raw.value) ? raw.value['guid'] : undefined
  return typeof guid === 'string' && guid !== '' ? guid : null
}

/** `created_at` in whole seconds since the epoch; null unless it is a real time written `YYYY-MM-DDThh:mm:ssZ`. */
export function rawCreatedAtSec(raw: RawEvent): number | null {
  const createdAt = isObject(raw.value) ? raw.value['created_at'] : undefined
  return typeof createdAt === 'string' ? timestampSec(createdAt) : null
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

/** Everybody on the way of a row asks for its second. Three full pages of different ones. */
const secsMax = 16_384
const secs = new Map<string, number | null>()

/** Seconds since the epoch of `YYYY-MM-DDThh:mm:ssZ`; null for any other form, for times no calendar has, before 1970. */
export function timestampSec(text: string): number | null {
  const known = secs.get(text)
  if (known !== undefined) return known
  if (!TIMESTAMP.test(text)) return null
  const sec = secOf(text)
  if (secs.size >= secsMax) secs.clear()
  secs.set(text, sec)
  return sec
}

function secOf(text: string): number | null {
  const year = digits(text, 0) * 100 + digits(text, 2)
  const month = digits(text, 5)
  const day = digits(text, 8)
  const hour = digits(text, 11)
  const minute = digits(text, 14)
  const second = digits(text, 17)
  if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
    return null
  if (day > 28 && day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000
}

function digits(text: string, at: number): number {
  return (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
