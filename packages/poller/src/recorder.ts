import { type OwnEvent, type RawEvent, rawCreatedAtSec } from '@cf-audit-drain/event'
import type { HeldEvent, LedgerWindow, LogEntry, NameRecord } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import { EntryMaker, type EntryMakerDeps, type Made } from './entry-maker.ts'
import type { EventNaming } from './event-naming.ts'
import type { HeldGuids } from './held-guids.ts'
import { KeptRecords } from './kept-records.ts'
import { type GoneGuids, isDone, type Ledger } from './ledger.ts'
import { LedgerMarks } from './ledger-marks.ts'
import type { Look, LookMaker } from './look.ts'
import { type Letter, Publisher, type PublisherDeps } from './publisher.ts'
import { overlaps, type Range } from './range.ts'
import { rowKey } from './row-key.ts'
import type { SeenGuids } from './seen-guids.ts'
import type { TaskFollowing } from './task-following.ts'
import { Teller } from './teller.ts'

export interface RecorderDeps extends EntryMakerDeps, PublisherDeps {
  /** Left out: events go without names. */
  readonly naming?: EventNaming
  /** What `tell` has kept before; left out: nothing. */
  readonly kept?: KeptRecords
  /** Left out: tasks are not followed. */
  readonly tasks?: Pick<TaskFollowing, 'met' | 'takeChanges'>
  /** Events with these stamps came after their time was passed. */
  readonly onLate?: (createdAtSecs: readonly number[]) => void
  /** What the log holds of these windows and a look did not show. */
  readonly onGone?: (gone: readonly GoneGuids[]) => void
}

const nothing: ReadonlySet<string> = new Set()

/** Records the rows that the log does not hold, with the checkpoint and what they make of the ledger. */
export class Recorder {
  /** What is remembered over a restart; changed by `tell` alone. */
  readonly kept: Pick<KeptRecords, 'get' | 'beginningWith'>
  readonly #deps: RecorderDeps
  readonly #publisher: Publisher
  readonly #held: HeldGuids
  readonly #maker: EntryMaker
  readonly #teller: Teller
  readonly #marks: LedgerMarks
  readonly #prepared = new WeakSet<readonly RawEvent[]>()
  readonly #ahead = new WeakMap<readonly RawEvent[], readonly (Made | null)[]>()

  constructor(deps: RecorderDeps, checkpoint: Checkpoint, seenSinceSec: number) {
    const kept = deps.kept ?? new KeptRecords()
    this.kept = kept
    this.#deps = deps
    this.#publisher = new Publisher(deps, checkpoint, seenSinceSec)
    this.#held = this.#publisher.held
    this.#maker = new EntryMaker(deps)
    this.#teller = new Teller(deps, this.#publisher, this.#maker, kept)
    this.#marks = new LedgerMarks(deps, this.#publisher)
  }

  get ledger(): Ledger {
    return this.#publisher.ledger
  }

  get checkpoint(): Checkpoint {
    return this.#publisher.checkpoint
  }

  /** The guids of the recent past. */
  get seen(): SeenGuids {
    return this.#held.recent
  }

  /** From when on they are in `seen`; what is older is read out of the log while it is worked on. */
  get seenFromSec(): number {
    return this.#held.recentFromSec
  }

  /** Older windows whose guids are in memory. */
  get windowsAtHand(): number {
    return this.#held.windowsAtHand
  }

  /** Readings that have not ended. */
  get looks(): number {
    return this.#publisher.looks.open
  }

  /** Reads the guids of the recent past, and the ledger, out of the log. */
  async rebuild(): Promise<void> {
    for await (const window of this.#deps.writer.ledger()) this.ledger.apply([window])
    await this.#held.rebuild()
  }

  /**
   * For a log whose checkpoint does not say that it has a ledger; nothing else may have been recorded before. `sinceSec`: how far
   * back the log is read for it. `skewMs`: by how much Cloud Controller's clock is ahead of ours.
   */
  buildLedger(sinceSec: number, skewMs = 0): Promise<void> {
    return this.#marks.build(sinceSec, skewMs)
  }

  /** Makes good what a kill in the middle of a publish, or an older checkpoint, has left of the ledger; nothing else may have been recorded before. */
  mendLedger(): Promise<void> {
    return this.#marks.mend()
  }

  /** Writes what `change` makes of the ledger, and nothing else. */
  mark(change: (ledger: Ledger) => readonly LedgerWindow[]): Promise<void> {
    return this.#marks.mark(change)
  }

  /**
   * Publishes events of our own, and changes what is kept with them, in one transaction; the checkpoint stays. They go
   * the way of every other event, and are no part of the ledger: no window counts them, no comparison misses them.
   * Returns how many the log did not have. On Kafka it has forgotten those of before its newest 500,000 events: whoever
   * may tell of the same thing after so long keeps a record that it was told.
   * @throws LogUnavailableError
   */
  tell(events: readonly OwnEvent[], kept: readonly NameRecord[] = []): Promise<number> {
    return this.#teller.tell(events, kept)
  }

  /** To be called before the range is read, whose rows are to be compared with what is held; and then ended. */
  look(range: Range): LookMaker {
    return this.#publisher.looks.begin(this.ledger, range)
  }

  /** What the log has kept of the events of a window, own ones among them. */
  eventsOf(window: LedgerWindow): AsyncIterable<HeldEvent> {
    return this.#deps.writer.eventsOf(window)
  }

  /** Guids stamped before `sec` need not be known any more. */
  forgetBefore(sec: number): Promise<void> {
    // In its turn: what is being recorded has looked up what is held.
    return this.#publisher.inTurn(async () => this.#held.forgetBefore(sec))
  }

  /**
   * Publishes the rows the log does not hold yet, together with what `change` makes of the checkpoint, and what these
   * rows and the look make of the ledger, and with `beside`. When none of it says anything new, nothing is written. Returns how
   * many the log took.
   * @throws LogUnavailableError
   */
  record(
    rows: readonly RawEvent[],
    change: (now: Checkpoint) => Checkpoint = now => now,
    look: Look | null = null,
    beside: readonly NameRecord[] = [],
  ): Promise<number> {
    // At once, so that names are looked up while what came before is published.
    const named = this.prepare(rows)
    const windows = this.#windowsOf(rows, look)
    const record = () =>
      this.#publisher.inTurn(async () => {
        await named
        // Meanwhile a window may have ceased to be of the recent past.
        return this.#holding(windows, () => this.#record(rows, change, look, beside))
      })
    // What lies far apart in the log is read out of it before it is our turn: others need not wait for it.
    if (windows.every(sec => this.#held.isRecent(sec))) return record()
    return this.#holding(windows, record)
  }

  /** What is held of a window, or a part of it: of one that is older than `seen` while `withHeld` has it at hand. */
  heldKeys(range: Range): Iterable<string> {
    return this.#held.keys(range)
  }

  /** Has the names of rows looked up that are to be recorded; resolves when they may be. Never rejects. */
  async prepare(rows: readonly RawEvent[]): Promise<void> {
    const { naming } = this.#deps
    if (naming === undefined || this.#prepared.has(rows)) return
    this.#prepared.add(rows)
    await naming.prepare(rows.filter(row => !this.#isSeen(row)))
  }

  /**
   * `prepare`, and makes what is to be recorded: what is done beside the publishing of what came before need not be done in its
   * turn. For rows of which few are held already.
   */
  async makeAhead(rows: readonly RawEvent[]): Promise<void> {
    await this.prepare(rows)
    const isNew = (row: RawEvent) => !this.#isSeen(row)
    this.#ahead.set(rows, await this.#maker.ahead(rows, this.checkpoint.baselineSec, isNew))
  }

  /** With what is held in the range at hand, so that it is read out of the log once, whatever is recorded meanwhile. */
  withHeld<T>(range: Range, work: () => Promise<T>): Promise<T> {
    return this.#holding(
      this.ledger.rangesOf(range).map(({ fromSec }) => fromSec),
      work,
    )
  }

  /** With what is held of these windows at hand. */
  async #holding<T>(windows: readonly number[], work: () => Promise<T>): Promise<T> {
    const held = await this.#held.hold(windows)
    try {
      return await work()
    } finally {
      this.#held.release(held, window => isDone(window, this.checkpoint))
    }
  }

  async #record(
    rows: readonly RawEvent[],
    change: (now: Checkpoint) => Checkpoint,
    look: Look | null,
    names: readonly NameRecord[],
  ): Promise<number> {
    const { entries, letters } = this.#sort(rows)
    const before = this.checkpoint
    const after = change(before)
    const buried = new Set(letters.map(({ letter }) => letter.key))
    /** `tooLarge`: entries that the log puts among the dead letters. */
    const changeOf = (tooLarge: ReadonlySet<string>) =>
      this.ledger.after({
        entries: tooLarge.size === 0 ? entries : entries.filter(({ guid }) => !tooLarge.has(guid)),
        look,
        before,
        after,
        nowMs: this.#deps.clock.now(),
        heldKeys: range => this.#held.keys(range),
        isForgotten: window => this.#isForgotten(window),
        isDeadLetter: (key, range) =>
          buried.has(key) ||
          tooLarge.has(key) ||
          (this.#held.isLetter(key, range) && !entries.some(({ guid }) => guid === key)),
      })
    let changed = changeOf(nothing)
    const { windows, gone } = changed
    if (gone.length > 0) this.#deps.onGone?.(gone)
    if (entries.length === 0 && letters.length === 0 && windows.length === 0 && after === before) return 0
    const windowsWithout = (tooLarge: ReadonlySet<string>) => {
      changed = changeOf(tooLarge)
      return changed.windows
    }
    const published = await this.#publisher.publish(
      { entries, letters, windows, windowsWithout, names },
      after,
    )
    if (changed.lateSecs.length > 0) this.#deps.onLate?.(changed.lateSecs)
    return published
  }

  /** Of a window or a part of it: what is shown there may have been recorded, and the log does not say. */
  #isForgotten(range: Range): boolean {
    return this.#held.isForgotten(range.fromSec) || overlaps(this.checkpoint.forgotten ?? [], range)
  }

  #isSeen(row: RawEvent): boolean {
    const createdAtSec = rawCreatedAtSec(row)
    return createdAtSec !== null && this.seen.has(rowKey(row), createdAtSec)
  }

  /** Where every window begins that the rows and the look speak of. */
  #windowsOf(rows: readonly RawEvent[], look: Look | null): readonly number[] {
    const { ledger } = this
    const secs = new Set<number>()
    for (const row of rows) {
      const sec = rawCreatedAtSec(row)
      if (sec !== null) secs.add(ledger.rangeOf(sec).fromSec)
    }
    if (look !== null) for (const { fromSec } of ledger.rangesOf(look.range)) secs.add(fromSec)
    return [...secs]
  }

  /** Those that the log does not hold yet, by what becomes of them. */
  #sort(rows: readonly RawEvent[]): { readonly entries: LogEntry[]; readonly letters: Letter[] } {
    const entries: LogEntry[] = []
    const letters: Letter[] = []
    const batch = new Set<string>()
    const ahead = this.#ahead.get(rows)
    this.#ahead.delete(rows)
    for (const [i, row] of rows.entries()) {
      const key = rowKey(row)
      const createdAtSec = rawCreatedAtSec(row)
      const isHeld =
        createdAtSec !== null &&
        (this.#held.has(key, createdAtSec) ||
          this.#isForgotten({ fromSec: createdAtSec, toSec: createdAtSec + 1 }))
      if (isHeld || this.#held.wasBuried(key) || batch.has(key)) continue
      batch.add(key)
      const made = this.#maker.ofShown(row, this.checkpoint.baselineSec, ahead?.[i])
      if ('bytes' in made) entries.push(made)
      else letters.push({ letter: made, createdAtSec })
    }
    return { entries, letters }
  }
}
