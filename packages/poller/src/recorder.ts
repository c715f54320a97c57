import { isOwnGuid, type OwnEvent, type RawEvent, rawCreatedAtSec, rawOwnEvent } from '@cf-audit-drain/event'
import type {
  DeadLetter,
  FoundationWriter,
  HeldEvent,
  LedgerWindow,
  LogEntry,
  NameRecord,
  PublishedBeside,
} from '@cf-audit-drain/log'
import { buildLedger, forgottenTime } from './build-ledger.ts'
import { type Checkpoint, encodeCheckpoint } from './checkpoint.ts'
import { EntryMaker, type EntryMakerDeps } from './entry-maker.ts'
import type { EventNaming } from './event-naming.ts'
import { HeldGuids } from './held-guids.ts'
import { KeptRecords } from './kept-records.ts'
import { type GoneGuids, isDone, Ledger } from './ledger.ts'
import { type Look, type LookMaker, Looks } from './look.ts'
import { mendedWindows } from './mend-ledger.ts'
import { overlaps, type Range } from './range.ts'
import { rowKey } from './row-key.ts'
import type { SeenGuids } from './seen-guids.ts'
import type { TaskFollowing } from './task-following.ts'

/** The log refused, or did not answer: what became of the publish is unknown. Open it again and read the checkpoint. */
export class LogUnavailableError extends Error {
  override readonly name = 'LogUnavailableError'
}

export interface RecorderDeps extends EntryMakerDeps {
  readonly writer: FoundationWriter
  /** Of the session: ends what reads out of the log for long. */
  readonly signal?: AbortSignal
  /** Left out: events go without names. */
  readonly naming?: EventNaming
  /** What `tell` has kept before; left out: nothing. */
  readonly kept?: KeptRecords
  /** Left out: tasks are not followed. */
  readonly tasks?: Pick<TaskFollowing, 'met' | 'takeChanges'>
  /** The entries are in the log now. */
  readonly onPublished?: (entries: readonly LogEntry[], atMs: number) => void
  /** So many rows could not be read, and are in the log as dead letters. */
  readonly onBuried?: (count: number) => void
  /** Events with these stamps came after their time was passed. */
  readonly onLate?: (createdAtSecs: readonly number[]) => void
  /** What the log holds of these windows and a look did not show. */
  readonly onGone?: (gone: readonly GoneGuids[]) => void
}

const nothing: ReadonlySet<string> = new Set()

interface Letter {
  readonly letter: DeadLetter
  readonly createdAtSec: number | null
}

/**
 * Turns rows into log entries and publishes them with the checkpoint. The only place where the poller writes; one
 * publish at a time, whoever asks. What it has published, or knows from the log, is in `seen`.
 */
export class Recorder {
  readonly ledger: Ledger
  /** What is remembered over a restart; changed by `tell` alone. */
  readonly kept: Pick<KeptRecords, 'get' | 'beginningWith'>
  readonly #kept: KeptRecords
  readonly #deps: RecorderDeps
  readonly #maker: EntryMaker
  readonly #held: HeldGuids
  readonly #looks = new Looks()
  readonly #buried = new Set<string>()
  readonly #prepared = new WeakSet<readonly RawEvent[]>()
  #checkpoint: Checkpoint
  #last: Promise<unknown> = Promise.resolve()

  constructor(deps: RecorderDeps, checkpoint: Checkpoint, seenSinceSec: number) {
    this.#deps = deps
    this.#maker = new EntryMaker(deps)
    this.kept = this.#kept = deps.kept ?? new KeptRecords()
    this.#checkpoint = checkpoint
    this.ledger = new Ledger(checkpoint.startSec)
    this.#held = new HeldGuids(deps.writer, this.ledger, seenSinceSec, deps.signal)
  }

  /** The guids of the recent past. */
  get seen(): SeenGuids {
    return this.#held.recent
  }

  /** From when on they are in `seen`; what is older is read out of the log while it is worked on. */
  get seenFromSec(): number {
    return this.#held.recentFromSec
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint
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
  async buildLedger(sinceSec: number, skewMs = 0): Promise<void> {
    const { writer, clock } = this.#deps
    const upToMs = await writer.forgottenUpToMs()
    const windows = await buildLedger(this.ledger, writer, this.#checkpoint, sinceSec)
    const forgotten = upToMs === null ? [] : forgottenTime(this.#checkpoint, (upToMs + skewMs) / 1000)
    const next = {
      ...this.#checkpoint,
      ...(forgotten.length > 0 && { forgotten }),
      hasLedger: true,
      writtenMs: clock.now(),
    }
    await this.#publish([], next, [], { windows })
  }

  /** Makes good what a kill in the middle of a publish has left of the ledger; nothing else may have been recorded before. */
  async mendLedger(): Promise<void> {
    const { writer, clock } = this.#deps
    if (writer.isAtomic) return
    const windows = await mendedWindows({
      ledger: this.ledger,
      held: this.#held,
      checkpoint: this.#checkpoint,
      nowMs: clock.now(),
      uncounted: (await Array.fromAsync(writer.uncounted())).filter(({ guid }) => !isOwnGuid(guid)),
    })
    await this.mark(() => windows)
  }

  /** To be called before the range is read, whose rows are to be compared with what is held; and then ended. */
  look(range: Range): LookMaker {
    return this.#looks.begin(this.ledger, range)
  }

  /** Readings that have not ended. */
  get looks(): number {
    return this.#looks.open
  }

  /** What the log has kept of the events of a window, own ones among them. */
  eventsOf(window: LedgerWindow): AsyncIterable<HeldEvent> {
    return this.#deps.writer.eventsOf(window)
  }

  /** Guids stamped before `sec` need not be known any more. */
  forgetBefore(sec: number): Promise<void> {
    // In its turn: what is being recorded has looked up what is held.
    return this.#inTurn(async () => this.#held.forgetBefore(sec))
  }

  /** Older windows whose guids are in memory. */
  get windowsAtHand(): number {
    return this.#held.windowsAtHand
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
      this.#inTurn(async () => {
        await named
        // Meanwhile a window may have ceased to be of the recent past.
        return this.#holding(windows, () => this.#record(rows, change, look, beside))
      })
    // What lies far apart in the log is read out of it before it is our turn: others need not wait for it.
    if (windows.every(sec => this.#held.isRecent(sec))) return record()
    return this.#holding(windows, record)
  }

  /** Has the names of rows looked up that are to be recorded; resolves when they may be. Never rejects. */
  async prepare(rows: readonly RawEvent[]): Promise<void> {
    const { naming } = this.#deps
    if (naming === undefined || this.#prepared.has(rows)) return
    this.#prepared.add(rows)
    await naming.prepare(rows.filter(row => !this.#isSeen(row)))
  }

  /** Writes what `change` makes of the ledger, and nothing else. */
  async mark(change: (ledger: Ledger) => readonly LedgerWindow[]): Promise<void> {
    await this.#inTurn(async () => {
      const windows = change(this.ledger)
      if (windows.length === 0) return
      const next = { ...this.#checkpoint, writtenMs: this.#deps.clock.now() }
      await this.#publish([], next, [], { windows })
    })
  }

  /** After everything that was begun before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }

  /**
   * Publishes events of our own, and changes what is kept with them, in one transaction; the checkpoint stays. They go
   * the way of every other event, and are no part of the ledger: no window counts them, no comparison misses them.
   * Returns how many the log did not have. On Kafka it has forgotten those of before its newest 500,000 events: whoever
   * may tell of the same thing after so long keeps a record that it was told.
   * @throws LogUnavailableError
   */
  tell(events: readonly OwnEvent[], kept: readonly NameRecord[] = []): Promise<number> {
    const rows = events.map(event => rawOwnEvent(this.#deps.foundation, event))
    const named = this.#deps.naming?.prepare(rows)
    return this.#inTurn(async () => {
      await named
      return this.#tell(rows, kept)
    })
  }

  async #tell(rows: readonly RawEvent[], kept: readonly NameRecord[]): Promise<number> {
    if (rows.length === 0 && kept.length === 0) return 0
    const parsed = rows.map(row => this.#maker.of(row, this.#checkpoint.baselineSec))
    const next = { ...this.#checkpoint, writtenMs: this.#deps.clock.now() }
    const own = parsed.filter(one => 'bytes' in one)
    const letters = parsed.flatMap(one => ('bytes' in one ? [] : [{ letter: one, createdAtSec: null }]))
    const published = await this.#publish([], next, letters, {}, { own, kept })
    this.#kept.apply(kept)
    return published
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
      this.#held.release(held, window => isDone(window, this.#checkpoint))
    }
  }

  async #record(
    rows: readonly RawEvent[],
    change: (now: Checkpoint) => Checkpoint,
    look: Look | null,
    beside: readonly NameRecord[],
  ): Promise<number> {
    const { entries, letters } = this.#sort(rows)
    const before = this.#checkpoint
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
        isDeadLetter: key => this.#buried.has(key) || buried.has(key) || tooLarge.has(key),
      })
    let changed = changeOf(nothing)
    const { windows, gone } = changed
    if (gone.length > 0) this.#deps.onGone?.(gone)
    if (entries.length === 0 && letters.length === 0 && windows.length === 0 && after === before) return 0
    const windowsWithout = (tooLarge: ReadonlySet<string>) => {
      changed = changeOf(tooLarge)
      return changed.windows
    }
    const next = { ...after, writtenMs: this.#deps.clock.now() }
    const published = await this.#publish(entries, next, letters, { windows, windowsWithout, names: beside })
    if (changed.lateSecs.length > 0) this.#deps.onLate?.(changed.lateSecs)
    return published
  }

  async #publish(
    entries: readonly LogEntry[],
    next: Checkpoint,
    letters: readonly Letter[],
    beside: Pick<PublishedBeside, 'windows' | 'windowsWithout' | 'names'>,
    { own = [], kept = [] }: { own?: readonly LogEntry[]; kept?: readonly NameRecord[] } = {},
  ): Promise<number> {
    const { naming, tasks } = this.#deps
    const names = [
      ...(beside.names ?? []),
      ...(naming?.takeChanges() ?? []),
      ...KeptRecords.records([...(tasks?.takeChanges() ?? []), ...kept]),
    ]
    const {
      published,
      windows,
      buried = nothing,
    } = await this.#deps.writer
      .publish(
        own.length === 0 ? entries : [...entries, ...own],
        encodeCheckpoint(next),
        letters.map(({ letter }) => letter),
        { ...beside, names },
      )
      .catch((error: unknown) => {
        throw new LogUnavailableError(
          `the log did not take the events: ${String((error as Error)?.message)}`,
          {
            cause: error,
          },
        )
      })
    this.#checkpoint = next
    this.ledger.apply(windows)
    const taken = buried.size === 0 ? entries : entries.filter(({ guid }) => !buried.has(guid))
    // Which of them the log had already is not known: then none is called new.
    this.#deps.onPublished?.(published === taken.length ? taken : [], next.writtenMs)
    for (const entry of entries) this.#hold(entry.guid, entry.createdAtSec)
    for (const guid of buried) this.#buried.add(guid)
    for (const { letter, createdAtSec } of letters) {
      this.#buried.add(letter.key)
      // It is held, if only as a dead letter: Cloud Controller's counts include it.
      if (createdAtSec !== null) this.#hold(letter.key, createdAtSec)
    }
    const count = letters.length + buried.size
    if (count > 0) this.#deps.onBuried?.(count)
    return published
  }

  #hold(key: string, createdAtSec: number): void {
    this.#held.add(key, createdAtSec)
    this.#looks.recorded(key, createdAtSec)
  }

  /** Of a window or a part of it: what is shown there may have been recorded, and the log does not say. */
  #isForgotten(range: Range): boolean {
    return this.#held.isForgotten(range.fromSec) || overlaps(this.#checkpoint.forgotten ?? [], range)
  }

  #isSeen(row: RawEvent): boolean {
    const createdAtSec = rawCreatedAtSec(row)
    return createdAtSec !== null && this.seen.has(rowKey(row), createdAtSec)
  }

  /** Where every window begins that the rows and the look speak of. */
  #windowsOf(rows: readonly RawEvent[], look: Look | null): readonly number[] {
    const secs = new Set<number>()
    for (const row of rows) {
      const sec = rawCreatedAtSec(row)
      if (sec !== null) secs.add(this.ledger.rangeOf(sec).fromSec)
    }
    if (look !== null) for (const { fromSec } of this.ledger.rangesOf(look.range)) secs.add(fromSec)
    return [...secs]
  }

  /** Those that the log does not hold yet, by what becomes of them. */
  #sort(rows: readonly RawEvent[]): { readonly entries: LogEntry[]; readonly letters: Letter[] } {
    const entries: LogEntry[] = []
    const letters: Letter[] = []
    const batch = new Set<string>()
    for (const row of rows) {
      const key = rowKey(row)
      const createdAtSec = rawCreatedAtSec(row)
      const isHeld =
        createdAtSec !== null &&
        (this.#held.has(key, createdAtSec) ||
          this.#isForgotten({ fromSec: createdAtSec, toSec: createdAtSec + 1 }))
      if (isHeld || this.#buried.has(key) || batch.has(key)) continue
      batch.add(key)
      const parsed = this.#maker.ofShown(row, this.#checkpoint.baselineSec)
      if ('bytes' in parsed) entries.push(parsed)
      else letters.push({ letter: parsed, createdAtSec })
    }
    return { entries, letters }
  }
}
