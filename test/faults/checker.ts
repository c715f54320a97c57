import type { LoggedState, ReceivedEvent, ShownEvent } from './read-ends.ts'

export interface Ends {
  readonly shown: ReadonlyMap<string, ShownEvent>
  readonly logged: LoggedState
  readonly received: readonly ReceivedEvent[]
  /** Each of them is to have every event. */
  readonly foundations: readonly string[]
  /** The events as Cloud Controller would show them now, by guid; what is not in it is compared by type and time only. */
  /** Records that nobody can read, written into the log by somebody else: so many are to be refused by the sink. */
  readonly poisoned?: number
  /** Removed by retention before the sink had them: need not be at the receiver. */
  readonly removed?: ReadonlySet<string>
  readonly originals?: ReadonlyMap<string, Readonly<Record<string, unknown>>>
}

/** Each list is of `foundation guid`, with a word about what is wrong where that helps. */
export interface Verdict {
  readonly shown: number
  readonly lost: readonly string[]
  readonly phantom: readonly string[]
  readonly doubledInLog: readonly string[]
  /** Frames beyond the first of each event. */
  readonly doubledAtReceiver: number
  readonly mangled: readonly string[]
}

/**
 * Compares the three ends. An event must be in the log and at the receiver when it was shown: it is still visible, or
 * it was on a page that was answered whole. It may be there when it was visible at any time; else it is a phantom.
 * Malformed events must be nowhere but in the dead-letter table, each once. Events of the drain's own may be in the log, once.
 */
export function check(ends: Ends): Verdict {
  const lost: string[] = []
  const phantom: string[] = []
  const doubledInLog: string[] = []
  const mangled: string[] = []
  let doubledAtReceiver = 0
  const must = [...ends.shown.values()].filter(event => !event.malformed && (!event.deleted || event.paged))
  for (const foundation of ends.foundations) {
    const logged = timesOf(ends.logged.events.filter(event => event.foundation === foundation))
    const received = timesOf(ends.received.filter(event => event.foundation === foundation))
    for (const { guid } of must) {
      if (!logged.has(guid)) lost.push(`${foundation} ${guid} is not in the log`)
      else if (!received.has(guid) && !ends.removed?.has(guid))
        lost.push(`${foundation} ${guid} is not at the receiver`)
    }
    for (const [guid, times] of logged)
      if (times > 1) doubledInLog.push(`${foundation} ${guid} ${times} times`)
    for (const times of received.values()) doubledAtReceiver += times - 1
  }
  for (const [where, events] of [
    ['log', ends.logged.events],
    ['receiver', ends.received],
  ] as const)
    for (const event of events) {
      if (isOwn(event)) continue
      const original = ends.shown.get(event.guid)
      const name = `${event.foundation} ${event.guid} at the ${where}`
      if (!original || original.malformed || !ends.foundations.includes(event.foundation)) phantom.push(name)
      else if (event.type !== original.type || event.createdAtSec !== original.createdAtSec)
        mangled.push(`${name}: ${event.type} of ${event.createdAtSec}, shown as ${original.type}`)
    }
  mangled.push(...wholesThatDiffer(ends))
  mangled.push(...deadLetterFaults(ends))
  return { shown: must.length, lost, phantom, doubledInLog, doubledAtReceiver, mangled }
}

/** What the drain tells of by itself, and Cloud Controller never showed: it may be there, once. */
function isOwn({ guid, type }: { readonly guid: string; readonly type: string }): boolean {
  return type.startsWith('cf-audit-drain.') && guid.startsWith('cfad')
}

function timesOf(events: readonly { readonly guid: string }[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const { guid } of events) times.set(guid, (times.get(guid) ?? 0) + 1)
  return times
}

function deadLetterFaults({ shown, logged, foundations, poisoned = 0 }: Ends): string[] {
  const malformed = [...shown.values()].filter(event => event.malformed)
  const wanted = malformed.filter(event => !event.deleted).length
  // One that was deleted may have been had before.
  const most = malformed.filter(event => !event.deleted || event.paged).length
  const faults: string[] = []
  if (logged.malformed < wanted * foundations.length || logged.malformed > most * foundations.length)
    faults.push(`${logged.malformed} dead letters for ${wanted} malformed events`)
  if (logged.refused !== poisoned)
    faults.push(`${logged.refused} events were refused by the sink, not ${poisoned}`)
  return faults
}

/** Actor, target, space, organization and data, where the receiver was told all of them; secrets apart. */
function wholesThatDiffer({ received, originals }: Ends): string[] {
  const faults: string[] = []
  for (const { guid, whole } of received) {
    const original = originals?.get(guid)
    if (!whole || !original || whole['truncated'] === true) continue
    const scrubbed = (whole['scrubbedPaths'] ?? []) as readonly string[]
    const pairs: [string, unknown, unknown][] = [
      ['actor', whole['actor'], original['actor']],
      ['target', whole['target'], original['target']],
      ['space', whole['spaceGuid'], guidOf(original['space'])],
      ['organization', whole['organizationGuid'], guidOf(original['organization'])],
    ]
    if (whole['dataTruncated'] !== true && scrubbed.length === 0)
      pairs.push(['data', whole['data'], original['data']])
    for (const [what, is, was] of pairs)
      if (!same(is, was)) faults.push(`${guid}: ${what} is ${text(is)}, shown as ${text(was)}`)
  }
  return faults
}

const guidOf = (value: unknown): unknown => (value as { guid?: unknown } | null)?.guid ?? null
const text = (value: unknown): string => JSON.stringify(value)?.slice(0, 200) ?? 'nothing'

/** Equal but for the order of keys; what one side does not have is null. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(ordered(a)) === JSON.stringify(ordered(b))
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value ?? null
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, ordered(inner)]))
}
