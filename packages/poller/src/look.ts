import { rawCreatedAtSec } from '@cf-audit-drain/event'
import type { Ledger } from './ledger.ts'
import type { Range } from './range.ts'
import type { Segment } from './read-segment.ts'
import { rowKey } from './row-key.ts'

export interface ShownRows {
  readonly rows: number
  /** Fewer than rows where some cannot be told apart. */
  readonly keys: ReadonlySet<string>
}

/** What one reading of a range, begun after so many publishes, has shown, by window of the ledger. */
export interface Look {
  readonly range: Range
  readonly shown: ReadonlyMap<number, ShownRows>
  /** Rows of the range that Cloud Controller counted and did not show; the range lies in one window then. */
  readonly missing: number
  readonly since: number
  /** What the clean-up may have reached: a window that begins before it and has lost something has expired. */
  readonly expiresBeforeSec: number
}

/** Gathers the rows of one reading, as they come. */
export class LookMaker {
  readonly #ledger: Ledger
  readonly #range: Range
  readonly #since: number
  readonly #shown = new Map<number, { rows: number; keys: Set<string> }>()

  /** To be made before the reading begins. */
  constructor(ledger: Ledger, range: Range) {
    this.#ledger = ledger
    this.#range = range
    this.#since = ledger.publishes
  }

  add(segment: Segment): this {
    const fromSec = Math.max(this.#range.fromSec, segment.fromSec)
    const toSec = Math.min(this.#range.toSec, segment.toSec ?? Infinity)
    for (const row of segment.rows) {
      const sec = rawCreatedAtSec(row) ?? fromSec
      if (sec < fromSec || sec >= toSec) continue
      const window = this.#shown.getOrInsertComputed(this.#ledger.rangeOf(sec).fromSec, () => ({
        rows: 0,
        keys: new Set<string>(),
      }))
      window.rows++
      window.keys.add(rowKey(row))
    }
    return this
  }

  made({ missing = 0, expiresBeforeSec = Number.NEGATIVE_INFINITY } = {}): Look {
    return { range: this.#range, shown: this.#shown, missing, since: this.#since, expiresBeforeSec }
  }
}
