import type { Clock } from '@cf-audit-drain/pipeline'
import type { GoneGuids } from './ledger.ts'

const namedMax = 5
const guidsMax = 20
/** News that comes this soon after other news waits, so that many windows are told at once. */
const quietMs = 60_000

export interface NamedWindow extends GoneGuids {
  /** How much it has: the guids are the first of them. */
  readonly rows: number
}

/** Windows of which there is the same news. */
export interface WindowsInNews {
  readonly windows: number
  /** All of them lie between. */
  readonly fromSec: number
  readonly toSec: number
  readonly rows: number
  /** The first few. */
  readonly named: readonly NamedWindow[]
}

/** `gone`: rows held there and no longer shown; `short`: rows counted and not shown; `whole`: short no more. */
export type NewsKind = 'gone' | 'short' | 'whole'

const kinds: readonly NewsKind[] = ['gone', 'short', 'whole']
const opposites = { gone: null, short: 'whole', whole: 'short' } as const

/**
 * Gathers what becomes of the ledger's windows, and tells it once a round, however many windows there are. Of one that is short and
 * whole by turns only what it is at last, and not even that where nothing else was told of it.
 */
export class LedgerNews {
  readonly #tell: (kind: NewsKind, news: WindowsInNews) => void
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #waiting = new Map<NewsKind, Gathered>()
  #toldMs = Number.NEGATIVE_INFINITY
  #rounds = 0

  constructor(tell: (kind: NewsKind, news: WindowsInNews) => void, clock: Pick<Clock, 'monotonic'>) {
    this.#tell = tell
    this.#clock = clock
  }

  add(kind: NewsKind, of: readonly NamedWindow[]): void {
    if (of.length === 0) return
    const gathered = this.#waiting.getOrInsertComputed(kind, () => new Gathered())
    for (const one of of) {
      const opposite = opposites[kind]
      // Both in one round: it is as it was told before.
      if (opposite !== null && this.#waiting.get(opposite)?.delete(one)) continue
      if (opposite !== null) gathered.delete(one)
      gathered.add(one)
    }
    if (this.#rounds === 0) this.tellSoon()
  }

  /** What it finds is told when it has ended. */
  async round<T>(work: () => Promise<T>): Promise<T> {
    this.#rounds++
    try {
      return await work()
    } finally {
      this.#rounds--
      this.tell()
    }
  }

  /** To be repeated: a round may last, and news outside of rounds come often. */
  tellSoon(): void {
    if (this.#clock.monotonic() - this.#toldMs >= quietMs) this.tell()
  }

  tell(): void {
    for (const kind of kinds) {
      const gathered = this.#waiting.get(kind)
      if (gathered === undefined || gathered.size === 0) continue
      this.#toldMs = this.#clock.monotonic()
      this.#tell(kind, gathered.news())
    }
    this.#waiting.clear()
  }
}

class Gathered {
  /** By where each begins. */
  readonly #windows = new Map<number, NamedWindow>()

  get size(): number {
    return this.#windows.size
  }

  add({ window, guids, rows }: NamedWindow): void {
    const known = this.#windows.get(window.fromSec)
    const named = known === undefined && this.#windows.size >= namedMax ? [] : guids
    this.#windows.set(window.fromSec, {
      window,
      rows: rows + (known?.rows ?? 0),
      guids: [...(known?.guids ?? []), ...named].slice(0, guidsMax),
    })
  }

  /** Whether it was among them. */
  delete({ window }: NamedWindow): boolean {
    return this.#windows.delete(window.fromSec)
  }

  news(): WindowsInNews {
    const all = [...this.#windows.values()]
    return {
      windows: all.length,
      fromSec: all.reduce((sec, { window }) => Math.min(sec, window.fromSec), Number.POSITIVE_INFINITY),
      toSec: all.reduce((sec, { window }) => Math.max(sec, window.toSec), Number.NEGATIVE_INFINITY),
      rows: all.reduce((sum, { rows }) => sum + rows, 0),
      named: all.slice(0, namedMax),
    }
  }
}
