import type { LedgerWindow, NameRecord } from '@cf-audit-drain/log'
import type { KeptRecords } from './kept-records.ts'
import type { Range } from './range.ts'

export const lossKinds = ['event-missing', 'truncated', 'restored'] as const
export type LossKind = (typeof lossKinds)[number]

/** One event that is told to be missing at its source. */
interface ToldEvent {
  readonly sec: number
  readonly atMs: number
  /** Cloud Controller shows it again. */
  readonly back?: true
}

/** Many that were told at once: all that was held in the range. */
export interface ToldRange extends Range {
  readonly kind: Exclude<LossKind, 'event-missing'>
  readonly count: number
  readonly atMs: number
  /** Of windows of which the range has a part: which, and how many of the lost events are in it. */
  readonly parts: readonly (readonly [windowFromSec: number, count: number])[]
  /** How many of them Cloud Controller shows again. */
  readonly back: number
}

interface LastTold {
  readonly atMs: number
}

const ofEvent = 'loss '
const ofRange = 'losses '
/** Outlives the records of what was told: they go with the time that they are of. */
const ofKind = 'last loss '

/** What was told of events that are lost at their source, as the log has kept it. */
export class ToldLosses {
  readonly #kept: Pick<KeptRecords, 'get' | 'beginningWith'>

  constructor(kept: Pick<KeptRecords, 'get' | 'beginningWith'>) {
    this.#kept = kept
  }

  of(guid: string): ToldEvent | null {
    const value = this.#kept.get(ofEvent + guid)
    return value === undefined ? null : (JSON.parse(value) as ToldEvent)
  }

  get ranges(): readonly ToldRange[] {
    return [...this.#kept.beginningWith(ofRange)].map(([, value]) => JSON.parse(value) as ToldRange)
  }

  /** Those of which some are still lost. */
  get standing(): readonly ToldRange[] {
    return this.ranges.filter(range => !isBack(range))
  }

  *events(): Generator<readonly [guid: string, told: ToldEvent]> {
    for (const [key, value] of this.#kept.beginningWith(ofEvent))
      yield [key.slice(ofEvent.length), JSON.parse(value) as ToldEvent]
  }

  /** How many of the events that are gone from each window were told one by one, by its beginning. */
  eventsByWindow(windowOf: (sec: number) => number): ReadonlyMap<number, number> {
    const counts = new Map<number, number>()
    for (const [, { sec, back }] of this.events())
      if (!back) counts.set(windowOf(sec), (counts.get(windowOf(sec)) ?? 0) + 1)
    return counts
  }

  /** When a loss of this kind was last told; null: never. */
  lastMs(kind: LossKind): number | null {
    const kept = this.#kept.get(ofKind + kind)
    // Earlier versions knew it from what they told, until that expired.
    let lastMs = kept === undefined ? null : (JSON.parse(kept) as LastTold).atMs
    const told = kind === 'event-missing' ? [...this.events()].map(([, one]) => one) : this.ranges
    for (const one of told)
      if (kind === 'event-missing' || ('kind' in one && one.kind === kind))
        lastMs = Math.max(lastMs ?? 0, one.atMs)
    return lastMs
  }

  /** To be published with what forgets the records of time that has expired: nothing is compared there any more. */
  expired(beforeSec: number): readonly NameRecord[] {
    const keys = [
      ...[...this.events()].filter(([, { sec }]) => sec < beforeSec).map(([guid]) => ofEvent + guid),
      ...this.ranges.filter(({ toSec }) => toSec <= beforeSec).map(keyOf),
    ]
    if (keys.length === 0) return []
    const last = lossKinds.flatMap(kind => {
      const lastMs = this.lastMs(kind)
      return lastMs === null ? [] : [lastToldRecord(kind, lastMs)]
    })
    return [...keys.map(key => ({ key, value: null })), ...last]
  }
}

export function eventRecord(guid: string, told: ToldEvent): NameRecord {
  return { key: ofEvent + guid, value: JSON.stringify(told) }
}

/** To be published with what is told. */
export function lastToldRecord(kind: LossKind, atMs: number): NameRecord {
  return { key: ofKind + kind, value: JSON.stringify({ atMs } satisfies LastTold) }
}

export function rangeRecord(range: ToldRange): NameRecord {
  return { key: keyOf(range), value: JSON.stringify(range) }
}

/** All of it is shown again: what is lost of it from then on is a loss of its own. */
function isBack({ back, count }: ToldRange): boolean {
  return back >= count
}

/** How many of the window's events a range has told; all that are gone where it has all of it. */
export function toldOf(range: ToldRange, { fromSec, toSec, gone }: LedgerWindow): number {
  if (isBack(range)) return 0
  const part = range.parts.find(([windowFromSec]) => windowFromSec === fromSec)
  if (part !== undefined) return part[1]
  return range.fromSec <= fromSec && toSec <= range.toSec ? gone : 0
}

function keyOf({ kind, fromSec }: ToldRange): string {
  return `${ofRange}${kind} ${fromSec}`
}
