import { hash } from 'node:crypto'
import {
  type AuditEvent,
  MalformedEventError,
  parseAuditEvent,
  type RawEvent,
  rawGuid,
  type Scrubber,
} from '@cf-audit-drain/event'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { Range } from './range.ts'
import { type AuditEvents, readSegment } from './read-segment.ts'
import { rowsBefore } from './sec-after.ts'

/** One event that the two APIs do not show alike. */
export interface ApiDifference {
  readonly guid: string
  readonly found: 'only in v3' | 'only in v2' | 'in both, differing'
  readonly type: string
  readonly createdAt: string
  /** In which fields of the normal form; empty where it is in one only. */
  readonly fields: readonly string[]
}

/** What the APIs show of a window; both were read whole. */
export interface ComparedApis extends Range {
  readonly v3: number
  readonly v2: number
  /** Events that the two do not show alike. */
  readonly differing: number
  /** The first 1,000 of them. */
  readonly differences: readonly ApiDifference[]
  /** Rows without a guid, which nothing can be compared by. */
  readonly withoutGuid: { readonly v3: number; readonly v2: number }
}

/** An API counts rows that it does not show, again and again: there is nothing to compare. */
export class ApiUnsteadyError extends Error {
  override readonly name = 'ApiUnsteadyError'
}

export interface CompareApisDeps {
  readonly v3: AuditEvents
  readonly v2: AuditEvents
  readonly foundation: string
  readonly scrubber: Scrubber
  readonly clock: Clock
}

const widthSec = 3_600
const readingsMax = 5
const pauseMs = 1_000
const differencesMax = 1_000

/**
 * Reads a span by both APIs side by side and compares the guids and the normal form of each event: a page of v3 at a time, or an
 * hour, against the same time by v2, so that no more is held than a page of each (or a second with more than that). A row may appear
 * or be cleaned up between the two readings: what differs is read again before it is told.
 *
 * @throws ApiUnsteadyError, CloudFoundryError
 */
export async function* compareApis(
  deps: CompareApisDeps,
  span: Range,
  signal: AbortSignal,
): AsyncGenerator<ComparedApis> {
  for (let fromSec = span.fromSec; fromSec < span.toSec; ) {
    const hour = { fromSec, toSec: Math.min(span.toSec, fromSec + widthSec) }
    let compared = await compareWindow(deps, hour, 1, signal)
    for (let reading = 1; reading < readingsMax && !isEqual(compared); reading++) {
      await deps.clock.sleep(pauseMs, signal)
      compared = await compareWindow(deps, compared, Number.POSITIVE_INFINITY, signal)
    }
    yield compared
    fromSec = compared.toSec
  }
}

export function isEqual({ differing, withoutGuid }: ComparedApis): boolean {
  return differing === 0 && withoutGuid.v3 === withoutGuid.v2
}

/** `partsMax`: of v3; the window that was compared ends with the last of them. */
async function compareWindow(
  deps: CompareApisDeps,
  { fromSec, toSec }: Range,
  partsMax: number,
  signal: AbortSignal,
): Promise<ComparedApis> {
  const held = new Map<string, Shown>()
  const withoutGuid = { v3: 0, v2: 0 }
  let endSec = fromSec
  for (let parts = 0; parts < partsMax && endSec < toSec; parts++) {
    const part = await readPart(deps, 'v3', { fromSec: endSec, toSec }, signal)
    for (const [guid, shown] of shownOf(part.rows, deps))
      if (guid === null) withoutGuid.v3++
      else held.set(guid, shown)
    endSec = part.toSec
  }
  const v3 = held.size + withoutGuid.v3
  const found = new Differences()
  let v2 = 0
  for (let atSec = fromSec; atSec < endSec; ) {
    const part = await readPart(deps, 'v2', { fromSec: atSec, toSec: endSec }, signal)
    v2 += part.rows.length
    for (const [guid, shown] of shownOf(part.rows, deps))
      if (guid === null) withoutGuid.v2++
      else found.compare(guid, held, shown)
    atSec = part.toSec
  }
  for (const [guid, shown] of held) found.add('only in v3', guid, shown)
  const { differing, differences } = found
  return { fromSec, toSec: endSec, v3, v2, differing, differences, withoutGuid }
}

class Differences {
  differing = 0
  readonly differences: ApiDifference[] = []

  /** What v2 shows with what is held of v3, which is then done with. */
  compare(guid: string, held: Map<string, Shown>, byV2: Shown): void {
    const byV3 = held.get(guid)
    held.delete(guid)
    if (byV3 === undefined) {
      this.add('only in v2', guid, byV2)
      return
    }
    const fields = differingFields(byV3.fields, byV2.fields)
    if (fields.length > 0) this.add('in both, differing', guid, byV3, fields)
  }

  add(found: ApiDifference['found'], guid: string, shown: Shown, fields: readonly string[] = []): void {
    this.differing++
    if (this.differences.length >= differencesMax) return
    this.differences.push({ guid, found, type: shown.type, createdAt: shown.createdAt, fields })
  }
}

/** The rows from `fromSec` to the end of what one page shows; the reading agrees with the API's own count. */
async function readPart(
  deps: CompareApisDeps,
  api: 'v3' | 'v2',
  { fromSec, toSec }: Range,
  signal: AbortSignal,
): Promise<{ readonly rows: readonly RawEvent[]; readonly toSec: number }> {
  for (let reading = 1; ; reading++) {
    const segment = await readSegment(deps[api], { fromSec, toSec }, signal)
    if (segment.failure !== undefined) throw segment.failure
    const endSec = segment.toSec ?? toSec
    if (segment.complete)
      return {
        rows: rowsBefore(segment.rows, endSec, fromSec),
        toSec: endSec,
      }
    if (reading >= readingsMax)
      throw new ApiUnsteadyError(
        `foundation "${deps.foundation}": ${api} counts ${segment.missing} rows from ${new Date(fromSec * 1000).toISOString()} on that it does not show`,
      )
    await deps.clock.sleep(pauseMs, signal)
  }
}

/** What is held of an event: nothing that keeps its page in memory. */
interface Shown {
  readonly type: string
  readonly createdAt: string
  /** `actor.name` and the like, each with a digest of its value. */
  readonly fields: ReadonlyMap<string, string>
}

function* shownOf(
  rows: readonly RawEvent[],
  { foundation, scrubber }: CompareApisDeps,
): Generator<readonly [string | null, Shown]> {
  const context = { foundation, scrubber, provenance: 'live', receivedAtMs: 0 } as const
  for (const row of rows) {
    const guid = rawGuid(row)
    yield [guid, guid === null ? nothingShown : shown(row, context)]
  }
}

const nothingShown: Shown = { type: '', createdAt: '', fields: new Map() }

function shown(row: RawEvent, context: Parameters<typeof parseAuditEvent>[1]): Shown {
  try {
    const event = parseAuditEvent(row, context)
    const fields = digested({ ...event, data: inOneForm(event.data) })
    return { type: event.type, createdAt: event.createdAt, fields }
  } catch (error) {
    if (!(error instanceof MalformedEventError)) throw error
    return { ...nothingShown, fields: new Map([['malformed', error.field]]) }
  }
}

/** Each string written in one way: v3 escapes `&`, `<` and `>`, v2 does not. Numbers stay as they stand, beyond 2^53 too. */
function inOneForm(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, text => JSON.stringify(JSON.parse(text)))
}

/** Only v2 has a user name to show. */
const ofV2Only = 'actor.username'

function differingFields(v3: Shown['fields'], v2: Shown['fields']): string[] {
  return [...new Set([...v3.keys(), ...v2.keys()])].filter(
    field => field !== ofV2Only && v3.get(field) !== v2.get(field),
  )
}

function digested(event: AuditEvent): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(event).flatMap(([field, value]: [string, unknown]): [string, string][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([inner, part]) => [`${field}.${inner}`, digest(part)])
        : [[field, digest(value)]],
    ),
  )
}

function digest(value: unknown): string {
  return hash('sha256', JSON.stringify(value) ?? '', 'base64')
}
