import type { Random } from '@cf-audit-drain/pipeline'
import { railsJson } from './rails-json.ts'
import { randomGuid } from './random-guid.ts'

/** A row for `events`. Everything may be left out: a row of nothing is an `audit.app.update` of now. */
export interface SimulatedRow {
  readonly guid?: string
  readonly type?: string
  readonly actor?: { readonly guid: string; readonly type: string; readonly name: string | null }
  readonly target?: { readonly guid: string; readonly type: string; readonly name: string }
  /** An object, or its JSON text, which is then served byte for byte. */
  readonly data?: string | object
  readonly spaceGuid?: string | null
  readonly organizationGuid?: string | null
  /** Only `/v2/events` shows it. Default: the name of an actor that is a user. */
  readonly actorUsername?: string | null
  /** Microseconds since the epoch, in the database's clock: what filters and order see. Default: now. */
  readonly createdAtUs?: number
  /** When another reader first sees the row, milliseconds in the simulator's clock. Default: at once. */
  readonly visibleAtMs?: number
  /**
   * The whole event as JSON text, served byte for byte; the fields above are then taken from it where not given.
   * It need not be a valid event: a row whose `guid` or `type` is no string, or whose `created_at` is no time, counts
   * as malformed. (A text with all of the fields above given is believed without being parsed.)
   */
  readonly text?: string
}

/** A row with everything known, not yet in the store. */
export interface CompleteRow {
  readonly guid: string
  readonly type: string
  readonly targetGuid: string
  readonly spaceGuid: string | null
  readonly organizationGuid: string | null
  readonly createdAtUs: number
  readonly visibleAtMs: number
  /** undefined: the name of an actor that is a user. */
  readonly actorUsername?: string | null | undefined
  readonly text: string
  readonly malformed: boolean
}

export interface RowDefaults {
  /** In the simulated foundation's clock. */
  readonly nowMs: number
  readonly random: Random
  /** For `links.self`. */
  readonly apiUrl: string
}

let lastSecond = Number.NaN
let lastText = ''

/** `2026-11-22T02:43:39Z`: the fraction is cut, as Cloud Controller does. */
export function wholeSecond(createdAtUs: number): string {
  const second = Math.floor(createdAtUs / 1e6)
  if (second !== lastSecond) {
    lastSecond = second
    lastText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
  }
  return lastText
}

export function completeRow(row: SimulatedRow, defaults: RowDefaults): CompleteRow {
  const complete = row.text === undefined ? fromFields(row, defaults) : fromText(row, row.text, defaults)
  return row.actorUsername === undefined ? complete : { ...complete, actorUsername: row.actorUsername }
}

function fromFields(row: SimulatedRow, { nowMs, random, apiUrl }: RowDefaults): CompleteRow {
  const guid = row.guid ?? randomGuid(random)
  const createdAtUs = row.createdAtUs ?? nowMs * 1000 + Math.floor(random() * 1000)
  const at = wholeSecond(createdAtUs)
  const target = row.target ?? { guid: randomGuid(random), type: 'app', name: 'an-app' }
  const actor = row.actor ?? { guid: randomGuid(random), type: 'user', name: 'alice@example.com' }
  const [space, organization] = [row.spaceGuid ?? null, row.organizationGuid ?? null]
  const type = row.type ?? 'audit.app.update'
  const head = railsJson({ guid, created_at: at, updated_at: at, type, actor, target }).slice(0, -1)
  const data = typeof row.data === 'string' ? row.data : railsJson(row.data ?? {})
  const tail = railsJson({
    space: space === null ? null : { guid: space },
    organization: organization === null ? null : { guid: organization },
    links: { self: { href: `${apiUrl}/v3/audit_events/${guid}` } },
  }).slice(1)
  return {
    guid,
    type,
    targetGuid: target.guid,
    spaceGuid: space,
    organizationGuid: organization,
    createdAtUs,
    visibleAtMs: row.visibleAtMs ?? Number.NEGATIVE_INFINITY,
    text: `${head},"data":${data},${tail}`,
    malformed: false,
  }
}

function fromText(row: SimulatedRow, text: string, { nowMs, random }: RowDefaults): CompleteRow {
  const { guid, type, target, spaceGuid, organizationGuid, createdAtUs } = row
  const visibleAtMs = row.visibleAtMs ?? Number.NEGATIVE_INFINITY
  if (guid && type && target && spaceGuid !== undefined && organizationGuid !== undefined && createdAtUs) {
    const targetGuid = target.guid
    const columns = { guid, type, targetGuid, spaceGuid, organizationGuid, createdAtUs, visibleAtMs }
    return { ...columns, text, malformed: false }
  }
  const event: unknown = JSON.parse(text)
  const ownGuid = stringAt(event, 'guid')
  const ownType = stringAt(event, 'type')
  const stamp = stringAt(event, 'created_at')
  const stampUs = stamp === null ? Number.NaN : Date.parse(stamp) * 1000
  return {
    guid: guid ?? ownGuid ?? randomGuid(random),
    type: type ?? ownType ?? '',
    targetGuid: target?.guid ?? stringAt(event, 'target', 'guid') ?? '',
    spaceGuid: spaceGuid ?? stringAt(event, 'space', 'guid'),
    organizationGuid: organizationGuid ?? stringAt(event, 'organization', 'guid'),
    createdAtUs: createdAtUs ?? (Number.isNaN(stampUs) ? nowMs * 1000 : stampUs),
    visibleAtMs,
    text,
    malformed: ownGuid === null || Number.isNaN(stampUs) || ownType === null,
  }
}

function stringAt(value: unknown, ...path: readonly string[]): string | null {
  let at: unknown = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return null
    at = (at as Readonly<Record<string, unknown>>)[key]
  }
  return typeof at === 'string' ? at : null
}
