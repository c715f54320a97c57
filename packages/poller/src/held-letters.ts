import { isOwnGuid, isOwnType } from '@cf-audit-drain/event'
import type { EventLog } from '@cf-audit-drain/log'
import { letterContent } from './letter-content.ts'
import type { Range } from './range.ts'

/** So many of the newest dead letters in the log are looked through, and so many are remembered. */
export const lettersMax = 1_000

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

/** The newest of a foundation that show a stamp, oldest first: of the others nobody knows which window counts them. */
export async function lettersIn(
  log: Pick<EventLog, 'deadLetters'>,
  ofFoundation: string,
): Promise<readonly HeldLetter[]> {
  const letters = await log.deadLetters(lettersMax)
  return letters
    .flatMap(({ foundation, origin, key, reason, raw, atMs }) => {
      if (foundation !== ofFoundation || origin !== 'poller') return []
      const { createdAtSec, type, bytes } = letterContent(raw)
      // One of our own that the log cannot hold was never shown.
      const isOwn = isOwnGuid(key) && type !== null && isOwnType(type)
      return createdAtSec === null || isOwn ? [] : [{ key, createdAtSec, atMs, reason, type, bytes }]
    })
    .toReversed()
}

/** What was held as dead letters before this session. */
export type EarlierLetters = () => Promise<Iterable<Pick<HeldLetter, 'key' | 'createdAtSec'>>>

/**
 * Which rows are held as dead letters alone, by their keys: those of this session and, once they are asked for, those of before; the
 * newest `lettersMax`. The ledger counts them, and the log finds them by no window.
 */
export class HeldLetters {
  readonly #earlier: EarlierLetters
  readonly #secs = new Map<string, number>()
  #loaded: Promise<void> | null = null

  constructor(earlier: EarlierLetters) {
    this.#earlier = earlier
  }

  has(key: string): boolean {
    return this.#secs.has(key)
  }

  add(key: string, createdAtSec: number): void {
    this.#secs.set(key, createdAtSec)
    for (const oldest of this.#secs.keys()) {
      if (this.#secs.size <= lettersMax) break
      this.#secs.delete(oldest)
    }
  }

  /** It is in the log as an event: a later version of this program could read it. */
  isEvent(guid: string): void {
    this.#secs.delete(guid)
  }

  *in({ fromSec, toSec }: Range): Generator<readonly [key: string, createdAtSec: number]> {
    for (const one of this.#secs) if (one[1] >= fromSec && one[1] < toSec) yield one
  }

  /** Has those of before this session in memory, too, but for those that are events: `isHeld`. */
  load(isHeld: (key: string, createdAtSec: number) => boolean): Promise<void> {
    this.#loaded ??= this.#load(isHeld).catch(error => {
      this.#loaded = null
      throw error
    })
    return this.#loaded
  }

  async #load(isHeld: (key: string, createdAtSec: number) => boolean): Promise<void> {
    const earlier = await this.#earlier()
    const ofSession = [...this.#secs]
    this.#secs.clear()
    for (const { key, createdAtSec } of earlier) if (!isHeld(key, createdAtSec)) this.add(key, createdAtSec)
    for (const [key, createdAtSec] of ofSession) this.add(key, createdAtSec)
  }
}
