import { isOwnGuid } from '@cf-audit-drain/event'
import type { FoundationWriter, LedgerWindow } from '@cf-audit-drain/log'
import { orAborted } from '@cf-audit-drain/pipeline'
import { type EarlierLetters, HeldLetters } from './held-letters.ts'
import type { Ledger } from './ledger.ts'
import type { Range } from './range.ts'
import { SeenGuids } from './seen-guids.ts'

const noLetters: EarlierLetters = async function* () {}

/** Windows that may stay in memory while nobody works on them: two hours. */
const atHandMax = 24

/** An older window whose guids are in memory, or on their way there. */
interface AtHand {
  readonly range: Range
  loaded: Promise<void>
  /** By how many it is being worked on. */
  holds: number
  isForgotten: boolean
}

/**
 * The guids that the log holds: of the recent past all of them, of the time before it those of the windows that are
 * being worked on, read out of the log where the ledger says they lie. Those of our own events are left out: Cloud Controller
 * never shows them. Keys of rows that are held as dead letters alone are among them.
 */
export class HeldGuids {
  /** Of the recent past. */
  readonly recent = new SeenGuids()
  readonly #old = new SeenGuids()
  readonly #letters: HeldLetters
  readonly #atHand = new Map<number, AtHand>()
  readonly #writer: FoundationWriter
  readonly #ledger: Ledger
  readonly #signal: AbortSignal | null
  #sinceSec: number

  /** `signal`: ends what reads out of the log for long. `earlier`: read at the start, and for windows of time that has any. */
  constructor(
    writer: FoundationWriter,
    ledger: Ledger,
    sinceSec: number,
    signal: AbortSignal | null = null,
    earlier: EarlierLetters = noLetters,
  ) {
    this.#signal = signal
    this.#letters = new HeldLetters(earlier)
    this.#writer = writer
    this.#ledger = ledger
    this.#sinceSec = ledger.rangeOf(sinceSec).fromSec
  }

  async rebuild(): Promise<void> {
    for await (const { guid, createdAtSec } of this.#writer.guids(this.#sinceSec))
      if (!isOwnGuid(guid)) this.recent.add(guid, createdAtSec)
    // Also of windows that the ledger has nothing of yet.
    await this.#letters.loadSince(this.#sinceSec, this.#isHeld, this.#signal)
  }

  /** Those stamped before `sec` need not be known any more. */
  forgetBefore(sec: number): void {
    const { fromSec } = this.#ledger.rangeOf(sec)
    if (fromSec <= this.#sinceSec) return
    this.#letters.forget({ fromSec: this.#sinceSec, toSec: fromSec })
    this.#sinceSec = fromSec
    this.recent.forgetBefore(fromSec)
  }

  /** How many older windows are in memory. */
  get windowsAtHand(): number {
    return this.#atHand.size
  }

  /** Where the recent past begins. */
  get recentFromSec(): number {
    return this.#sinceSec
  }

  isRecent(sec: number): boolean {
    return sec >= this.#sinceSec
  }

  /**
   * Has the windows of these seconds at hand until what this resolves to is given to `release`; those that are not yet are read out
   * of the log in one pass. They may lie far apart in it, so that this takes long; others may publish meanwhile.
   */
  async hold(secs: Iterable<number>): Promise<readonly number[]> {
    const held: AtHand[] = []
    const missing: AtHand[] = []
    for (const sec of secs) {
      if (this.isRecent(sec)) continue
      const range = this.#ledger.rangeOf(sec)
      const one = this.#atHand.getOrInsertComputed(range.fromSec, () => {
        const made = { range, loaded: Promise.resolve(), holds: 0, isForgotten: false }
        missing.push(made)
        return made
      })
      one.holds++
      held.push(one)
    }
    if (missing.length > 0) {
      const loaded = this.#load(missing)
      loaded.catch(() => undefined) // awaited by whoever holds one of them
      for (const one of missing) one.loaded = loaded
    }
    if (held.length === 0) return []
    const froms = held.map(({ range }) => range.fromSec)
    try {
      const loading = Promise.all(held.map(({ loaded }) => loaded))
      // Where windows lie far apart in the log nothing may come of it for long: at the end of the session nobody waits for that.
      await (this.#signal === null ? loading : orAborted(loading, this.#signal))
      return froms
    } catch (error) {
      this.release(froms, () => true)
      throw error
    }
  }

  /** These are no longer worked on; `isDone`: nor will they soon be, so that they need not be at hand. */
  release(held: readonly number[], isDone: (window: Range) => boolean): void {
    for (const fromSec of held) {
      const one = this.#atHand.get(fromSec)
      if (one !== undefined && --one.holds === 0 && isDone(one.range)) this.#letGo(one)
    }
    // While nothing may be passed none of them is done, and all the history may be read.
    for (const one of this.#atHand.values()) {
      if (this.#atHand.size <= atHandMax) break
      if (one.holds === 0) this.#letGo(one)
    }
  }

  #letGo({ range: { fromSec, toSec } }: AtHand): void {
    this.#atHand.delete(fromSec)
    this.#old.forget(fromSec, toSec)
    this.#letters.forget({ fromSec, toSec })
  }

  /**
   * The log has held more there than it says now: retention has taken it, or the ledger does not say where it lies. What
   * is shown there may have been recorded long ago, so none of it is new.
   */
  isForgotten(sec: number): boolean {
    return this.#atHand.get(this.#ledger.rangeOf(sec).fromSec)?.isForgotten ?? false
  }

  has(guid: string, createdAtSec: number): boolean {
    return this.#of(createdAtSec).has(guid, createdAtSec)
  }

  add(guid: string, createdAtSec: number): void {
    this.#of(createdAtSec).add(guid, createdAtSec)
    this.#letters.isEvent(guid, createdAtSec)
  }

  /** A row that is held as a dead letter alone, now; `createdAtSec`: null where it shows none. */
  bury(key: string, createdAtSec: number | null): void {
    if (createdAtSec !== null) this.#of(createdAtSec).add(key, createdAtSec)
    this.#letters.bury(key, createdAtSec)
  }

  /** By this session: the row need not be tried again. */
  wasBuried(key: string): boolean {
    return this.#letters.wasBuried(key)
  }

  /** Of a key that is held in a window, or a part of one: whether it is that of a dead letter. */
  isLetter(key: string, range: Range): boolean {
    return this.#letters.hasIn(key, range) || this.#letters.wasBuried(key)
  }

  /** Of one window, or a part of it; each once. Unlike `has` also dead letters of before this session. */
  *keys(range: Range): Generator<string> {
    yield* this.#of(range.fromSec).guids(range.fromSec, range.toSec)
    for (const [key, sec] of this.#letters.in(range)) if (!this.has(key, sec)) yield key
  }

  #of(sec: number): SeenGuids {
    return this.isRecent(sec) ? this.recent : this.#old
  }

  readonly #isHeld = (key: string, createdAtSec: number) => this.has(key, createdAtSec)

  /** Each of them knows then whether the log has forgotten some of it. */
  async #load(missing: readonly AtHand[]): Promise<void> {
    this.#signal?.throwIfAborted()
    const windows = missing
      .map(({ range }) => this.#ledger.windowOf(range.fromSec))
      .filter(window => window !== null)
    const withEvents = windows.filter(({ held, deadLetters }) => held > deadLetters)
    const found = withEvents.length === 0 ? new Map<number, number>() : await this.#eventsOf(withEvents)
    const isShort = (window: LedgerWindow, letters: number) =>
      (found.get(window.fromSec) ?? 0) < window.held - letters
    // Also where none are missed: those of a window that was not looked at yet are not counted.
    await this.#letters.load(
      missing.map(({ range }) => range),
      this.#isHeld,
      this.#signal,
    )
    const forgotten = new Set<number>()
    for (const window of windows) {
      const known = [...this.#letters.in(window)].length
      // Those that were lost at their source were once not counted among the dead letters of a window. Others that are not counted
      // are not held by it either: they stand for no event.
      const uncounted = Math.min(Math.max(0, known - window.deadLetters), window.gone)
      if (isShort(window, window.deadLetters + uncounted)) forgotten.add(window.fromSec)
    }
    for (const one of missing) one.isForgotten = forgotten.has(one.range.fromSec)
  }

  /** Reads them out of the log; how many of those that the window held when this began, by window. */
  async #eventsOf(windows: readonly LedgerWindow[]): Promise<ReadonlyMap<number, number>> {
    const found = new Map<number, number>()
    const read = new Set<string>()
    for await (const { guid, createdAtSec } of this.#writer.guidsOf(windows)) {
      this.#signal?.throwIfAborted()
      if (isOwnGuid(guid)) continue
      // One that was published since this began is at hand already, and not among those that the window held then.
      // One that a log without transactions holds twice was counted twice.
      if (read.has(guid) || !this.#old.has(guid, createdAtSec)) {
        const { fromSec } = this.#ledger.rangeOf(createdAtSec)
        found.set(fromSec, (found.get(fromSec) ?? 0) + 1)
      }
      read.add(guid)
      this.#old.add(guid, createdAtSec)
    }
    return found
  }
}
