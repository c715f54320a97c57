import type { Ledger } from './ledger.ts'
import type { Range } from './range.ts'
import type { Segment } from './read-segment.ts'
import { rowKey } from './row-key.ts'
import { secAfter } from './sec-after.ts'

export interface ShownRows {
  readonly rows: number
  /** Fewer than rows where some cannot be told apart. */
  readonly keys: ReadonlySet<string>
}

/** What one reading of a range has shown, by window of the ledger. */
export interface Look {
  readonly range: Range
  readonly shown: ReadonlyMap<number, ShownRows>
  /** Rows of the range that Cloud Controller counted and did not show; the range lies in one window then. */
  readonly missing: number
  /** What was recorded of the range since the reading began, by whomever: the answers may be older than it. */
  readonly since: Recorded
  /** What the clean-up may have reached: a window that begins before it and has lost something has expired. */
  readonly expiresBeforeSec: number
}

/** Keys of rows that were recorded. */
export type Recorded = Pick<ReadonlySet<string>, 'has'>

/** Hardly ever asked: only of what is held and was not shown. */
class RecordedSince implements Recorded {
  readonly #keys: string[] = []
  readonly #known = new Set<string>()

  add(key: string): void {
    this.#keys.push(key)
  }

  has(key: string): boolean {
    for (const one of this.#keys.splice(0)) this.#known.add(one)
    return this.#known.has(key)
  }
}

/** The readings that are under way, each with what is recorded meanwhile. */
export class Looks {
  readonly #open = new Set<LookMaker>()

  /** To be called before the reading begins; the look is to be ended when what it has shown is recorded, or is not to be. */
  begin(ledger: Ledger, range: Range): LookMaker {
    const look = new LookMaker(ledger, range, () => this.#open.delete(look))
    this.#open.add(look)
    return look
  }

  /** So many have not ended. */
  get open(): number {
    return this.#open.size
  }

  recorded(rows: readonly { readonly guid: string; readonly createdAtSec: number }[]): void {
    for (const look of this.#open)
      for (const { guid, createdAtSec } of rows) look.recorded(guid, createdAtSec)
  }
}

/** Gathers the rows of one reading, as they come. */
export class LookMaker {
  readonly #ledger: Ledger
  readonly #range: Range
  readonly #since = new RecordedSince()
  readonly #ended: () => void
  readonly #shown = new Map<number, { rows: number; keys: Set<string> }>()

  constructor(ledger: Ledger, range: Range, ended: () => void) {
    this.#ledger = ledger
    this.#range = range
    this.#ended = ended
  }

  /** What was recorded of the range since the reading began. */
  get since(): Recorded {
    return this.#since
  }

  recorded(key: string, sec: number): void {
    if (sec >= this.#range.fromSec && sec < this.#range.toSec) this.#since.add(key)
  }

  /** Nothing more comes of it. */
  end(): void {
    this.#ended()
  }

  add(segment: Segment): this {
    const fromSec = Math.max(this.#range.fromSec, segment.fromSec)
    const toSec = Math.min(this.#range.toSec, segment.toSec ?? Infinity)
    let sec = segment.fromSec
    for (const row of segment.rows) {
      sec = secAfter(sec, row)
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
