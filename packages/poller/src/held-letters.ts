import { isOwnGuid, isOwnType } from '@cf-audit-drain/event'
import { type EventLog, ledgerWindowSec } from '@cf-audit-drain/log'
import { letterContent } from './letter-content.ts'
import type { Range } from './range.ts'
import { untilAborted } from './until-aborted.ts'

/** So many keys are remembered of what this session has buried. */
export const buriedMax = 10_000

/** A row of Cloud Controller that is in the log only as a dead letter. */
export interface HeldLetter {
  readonly key: string
  readonly createdAtSec: number
  readonly atMs: number
  readonly reason: string
  /** Null where the row shows none. */
  readonly type: string | null
  /** Avro of the event, where it was one and only too large for the log. */
  readonly bytes: Uint8Array | null
}

/**
 * Those of a foundation that show a stamp, in the order in which they were buried: of the others nobody knows which window counts them.
 * `signal` ends it also while all that comes is of others.
 */
export async function* lettersIn(
  log: Pick<EventLog, 'lettersOf'>,
  foundation: string,
  signal: AbortSignal,
): AsyncGenerator<HeldLetter> {
  const letters = untilAborted(log.lettersOf(foundation, 'poller', signal), signal)
  for await (const { key, reason, raw, atMs } of letters) {
    const { createdAtSec, type, bytes } = letterContent(raw)
    // One of our own that the log cannot hold was never shown.
    const isOwn = isOwnGuid(key) && type !== null && isOwnType(type)
    if (createdAtSec !== null && !isOwn) yield { key, createdAtSec, atMs, reason, type, bytes }
  }
}

type IsHeld = (key: string, createdAtSec: number) => boolean

/** All that the log holds as dead letters. */
export type EarlierLetters = () => AsyncIterable<Pick<HeldLetter, 'key' | 'createdAtSec'>>

/**
 * Which rows are held as dead letters alone, by their keys: of the windows whose guids are in memory. The ledger counts them, and no
 * window says where they lie, so the log is read through for them: once, and then for windows of time that has any.
 */
export class HeldLetters {
  readonly #earlier: EarlierLetters
  readonly #tiles = new Map<number, Map<string, number>>()
  /** By this session, the newest; whatever their stamp, or if they have one. */
  readonly #buried = new Set<string>()
  /** The tiles that the log has letters of: of this session, and all once it was read through. */
  readonly #inLog = new Set<number>()
  #isLogRead = false

  constructor(earlier: EarlierLetters) {
    this.#earlier = earlier
  }

  has(key: string, createdAtSec: number): boolean {
    return this.hasIn(key, { fromSec: createdAtSec, toSec: createdAtSec + 1 })
  }

  /** `range`: of one window, or a part of it. */
  hasIn(key: string, { fromSec, toSec }: Range): boolean {
    const sec = this.#tiles.get(tileOf(fromSec))?.get(key)
    return sec !== undefined && sec >= fromSec && sec < toSec
  }

  /** In this session, and not so long ago that it is forgotten: it need not be tried again. */
  wasBuried(key: string): boolean {
    return this.#buried.has(key)
  }

  /** Now, by this session. `createdAtSec`: null where it shows none. */
  bury(key: string, createdAtSec: number | null): void {
    this.#buried.add(key)
    for (const oldest of this.#buried) {
      if (this.#buried.size <= buriedMax) break
      this.#buried.delete(oldest)
    }
    if (createdAtSec === null) return
    this.#add(key, createdAtSec)
    this.#inLog.add(tileOf(createdAtSec))
  }

  /** It is in the log as an event: a later version of this program could read it. */
  isEvent(guid: string, createdAtSec: number): void {
    this.#tiles.get(tileOf(createdAtSec))?.delete(guid)
  }

  /** Of one window, or a part of it. */
  *in({ fromSec, toSec }: Range): Generator<readonly [key: string, createdAtSec: number]> {
    for (const one of this.#tiles.get(tileOf(fromSec)) ?? [])
      if (one[1] >= fromSec && one[1] < toSec) yield one
  }

  forget({ fromSec, toSec }: Range): void {
    for (const [tile, letters] of this.#tiles) {
      if (tile + ledgerWindowSec <= fromSec || tile >= toSec) continue
      for (const [key, sec] of letters) if (sec >= fromSec && sec < toSec) letters.delete(key)
      if (letters.size === 0) this.#tiles.delete(tile)
    }
  }

  /** Has those in memory that the log holds stamped at or after `fromSec`, but for those that are events: `isHeld`. */
  async loadSince(fromSec: number, isHeld: IsHeld, signal: AbortSignal | null): Promise<void> {
    await this.#load(sec => sec >= fromSec, isHeld, signal)
  }

  /** The same of these windows. */
  async load(windows: readonly Range[], isHeld: IsHeld, signal: AbortSignal | null): Promise<void> {
    const wanted = windows.filter(({ fromSec }) => !this.#isLogRead || this.#inLog.has(tileOf(fromSec)))
    if (wanted.length === 0) return
    const byTile = Map.groupBy(wanted, ({ fromSec }) => tileOf(fromSec))
    const isWanted = (sec: number) =>
      byTile.get(tileOf(sec))?.some(({ fromSec, toSec }) => sec >= fromSec && sec < toSec) ?? false
    await this.#load(isWanted, isHeld, signal)
  }

  async #load(isWanted: (sec: number) => boolean, isHeld: IsHeld, signal: AbortSignal | null): Promise<void> {
    for await (const { key, createdAtSec } of this.#earlier()) {
      signal?.throwIfAborted()
      this.#inLog.add(tileOf(createdAtSec))
      if (isWanted(createdAtSec) && !isHeld(key, createdAtSec)) this.#add(key, createdAtSec)
    }
    this.#isLogRead = true
  }

  #add(key: string, createdAtSec: number): void {
    this.#tiles.getOrInsertComputed(tileOf(createdAtSec), () => new Map()).set(key, createdAtSec)
  }
}

function tileOf(sec: number): number {
  return Math.floor(sec / ledgerWindowSec) * ledgerWindowSec
}
