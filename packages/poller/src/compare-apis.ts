import {
  type AuditEvent,
  MalformedEventError,
  parseAuditEvent,
  type RawEvent,
  rawCreatedAtSec,
  rawGuid,
  type Scrubber,
} from '@cf-audit-drain/event'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { Range } from './range.ts'
import { type AuditEvents, readSegment } from './read-segment.ts'

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

/**
 * Reads a span by both APIs, window after window, and compares the guids and the normal form of each event. A row may
 * appear or be cleaned up between the two readings: what differs is read again before it is told.
 *
 * @throws ApiUnsteadyError, CloudFoundryError
 */
export async function* compareApis(
  deps: CompareApisDeps,
  span: Range,
  signal: AbortSignal,
): AsyncGenerator<ComparedApis> {
  for (let fromSec = span.fromSec; fromSec < span.toSec; ) {
    const window = { fromSec, toSec: Math.min(span.toSec, fromSec + widthSec) }
    let compared = await compareWindow(deps, window, signal)
    for (let reading = 1; reading < readingsMax && !isEqual(compared); reading++) {
      await deps.clock.sleep(pauseMs, signal)
      compared = await compareWindow(deps, window, signal)
    }
    yield compared
    fromSec = window.toSec
  }
}

export function isEqual({ differences, withoutGuid }: ComparedApis): boolean {
  return differences.length === 0 && withoutGuid.v3 === withoutGuid.v2
}

async function compareWindow(
  deps: CompareApisDeps,
  window: Range,
  signal: AbortSignal,
): Promise<ComparedApis> {
  const [v3, v2] = [
    eventsOf(await readWhole(deps, 'v3', window, signal), deps),
    eventsOf(await readWhole(deps, 'v2', window, signal), deps),
  ]
  const differences: ApiDifference[] = []
  for (const [guid, event] of v3.byGuid) {
    const other = v2.byGuid.get(guid)
    if (other === undefined) differences.push(difference('only in v3', event))
    else {
      const fields = differingFields(event, other)
      if (fields.length > 0) differences.push(difference('in both, differing', event, fields))
    }
  }
  for (const [guid, event] of v2.byGuid)
    if (!v3.byGuid.has(guid)) differences.push(difference('only in v2', event))
  return {
    ...window,
    v3: v3.byGuid.size + v3.withoutGuid,
    v2: v2.byGuid.size + v2.withoutGuid,
    differences,
    withoutGuid: { v3: v3.withoutGuid, v2: v2.withoutGuid },
  }
}

/** All rows of a window: every reading of a part of it agrees with the API's own count. */
async function readWhole(
  deps: CompareApisDeps,
  api: 'v3' | 'v2',
  window: Range,
  signal: AbortSignal,
): Promise<RawEvent[]> {
  const rows: RawEvent[] = []
  for (let { fromSec } = window, reading = 1; fromSec < window.toSec; ) {
    const segment = await readSegment(deps[api], { fromSec, toSec: window.toSec }, signal)
    if (segment.failure !== undefined) throw segment.failure
    if (!segment.complete) {
      if (++reading > readingsMax)
        throw new ApiUnsteadyError(
          `foundation "${deps.foundation}": ${api} counts ${segment.missing} rows from ${new Date(fromSec * 1000).toISOString()} on that it does not show`,
        )
      await deps.clock.sleep(pauseMs, signal)
      continue
    }
    const toSec = segment.toSec ?? window.toSec
    rows.push(...segment.rows.filter(row => (rawCreatedAtSec(row) ?? fromSec) < toSec))
    fromSec = toSec
  }
  return rows
}

/** An event in its normal form, or what is wrong with it. */
type Shown =
  | AuditEvent
  | { readonly guid: string; readonly type: string; readonly createdAt: string; readonly malformed: string }

function eventsOf(rows: readonly RawEvent[], { foundation, scrubber }: CompareApisDeps) {
  const byGuid = new Map<string, Shown>()
  let withoutGuid = 0
  for (const row of rows) {
    const guid = rawGuid(row)
    if (guid === null) withoutGuid++
    else byGuid.set(guid, shown(row, guid, { foundation, scrubber, provenance: 'live', receivedAtMs: 0 }))
  }
  return { byGuid, withoutGuid }
}

function shown(row: RawEvent, guid: string, context: Parameters<typeof parseAuditEvent>[1]): Shown {
  try {
    const event = parseAuditEvent(row, context)
    return { ...event, data: inOneForm(event.data) }
  } catch (error) {
    if (!(error instanceof MalformedEventError)) throw error
    return { guid, type: '', createdAt: '', malformed: error.field }
  }
}

/** Each string written in one way: v3 escapes `&`, `<` and `>`, v2 does not. Numbers stay as they stand, beyond 2^53 too. */
function inOneForm(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, text => JSON.stringify(JSON.parse(text)))
}

function difference(
  found: ApiDifference['found'],
  { guid, type, createdAt }: Shown,
  fields: readonly string[] = [],
): ApiDifference {
  return { guid, found, type, createdAt, fields }
}

/** Only v2 has a user name to show. */
const ofV2Only = 'actor.username'

function differingFields(v3: Shown, v2: Shown): string[] {
  const [one, other] = [flat(v3), flat(v2)]
  return [...new Set([...one.keys(), ...other.keys()])].filter(
    field => field !== ofV2Only && one.get(field) !== other.get(field),
  )
}

/** `actor.name` and the like, each with its value as text. */
function flat(event: Shown): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(event).flatMap(([field, value]: [string, unknown]): [string, string][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([inner, text]) => [`${field}.${inner}`, JSON.stringify(text)])
        : [[field, JSON.stringify(value)]],
    ),
  )
}
