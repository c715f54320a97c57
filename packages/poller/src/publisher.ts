import type { DeadLetter, FoundationWriter, LogEntry, NameRecord, PublishedBeside } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import { type Checkpoint, encodeCheckpoint } from './checkpoint.ts'
import type { EventNaming } from './event-naming.ts'
import { HeldGuids } from './held-guids.ts'
import type { EarlierLetters } from './held-letters.ts'
import { KeptRecords } from './kept-records.ts'
import { Ledger } from './ledger.ts'
import { Looks } from './look.ts'
import { type ShortChanges, shortChanges } from './short-changes.ts'
import type { TaskFollowing } from './task-following.ts'

/** The log refused, or did not answer: what became of the publish is unknown. Open it again and read the checkpoint. */
export class LogUnavailableError extends Error {
  override readonly name = 'LogUnavailableError'
}

export interface PublisherDeps {
  readonly writer: FoundationWriter
  readonly clock: Clock
  /** Of the session: ends what reads out of the log for long. */
  readonly signal?: AbortSignal
  /** Left out: events go without names. */
  readonly naming?: Pick<EventNaming, 'takeChanges'>
  /** Left out: tasks are not followed. */
  readonly tasks?: Pick<TaskFollowing, 'takeChanges'>
  /** Left out: there are none. */
  readonly earlierLetters?: EarlierLetters
  /** The entries are in the log now. */
  readonly onPublished?: (entries: readonly LogEntry[], atMs: number) => void
  /** So many rows are in the log as dead letters: some were `tooLarge` for it, the others could not be read. */
  readonly onBuried?: (count: number, tooLarge: number) => void
  /** What was written of the ledger has left these windows short of rows, or made them whole again, since the last publish. */
  readonly onShort?: (changes: ShortChanges) => void
}

/** A row that could not be read, with its stamp where that could be. */
export interface Letter {
  readonly letter: DeadLetter
  readonly createdAtSec: number | null
}

export interface Publish extends Pick<PublishedBeside, 'windows' | 'windowsWithout' | 'names'> {
  /** Of Cloud Controller. */
  readonly entries?: readonly LogEntry[]
  readonly letters?: readonly Letter[]
  /** Events of our own. */
  readonly own?: readonly LogEntry[]
  /** What is to be remembered of them. */
  readonly kept?: readonly NameRecord[]
}

const nothing: ReadonlySet<string> = new Set()

/**
 * The only place where the poller writes, one publish at a time, whoever asks. It knows what is in the log then: the checkpoint,
 * the ledger, and what is held.
 */
export class Publisher {
  readonly ledger: Ledger
  readonly held: HeldGuids
  /** The readings that are under way; each is told what is published meanwhile. */
  readonly looks = new Looks()
  readonly #deps: PublisherDeps
  #checkpoint: Checkpoint
  #last: Promise<unknown> = Promise.resolve()

  constructor(deps: PublisherDeps, checkpoint: Checkpoint, seenSinceSec: number) {
    this.#deps = deps
    this.#checkpoint = checkpoint
    this.ledger = new Ledger(checkpoint.startSec)
    this.held = new HeldGuids(deps.writer, this.ledger, seenSinceSec, deps.signal, deps.earlierLetters)
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint
  }

  /** After everything that was begun before. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }

  /**
   * To be called in turn. Without `next` the checkpoint stays as it is. Returns how many entries the log took.
   * @throws LogUnavailableError
   */
  async publish(what: Publish, next: Checkpoint = this.#checkpoint): Promise<number> {
    const { entries = [], letters = [], own = [], kept = [], names = [], ...windows } = what
    const { writer, clock, naming, tasks, onPublished, onBuried, onShort } = this.#deps
    const stamped = { ...next, writtenMs: clock.now() }
    const beside = [
      ...names,
      ...(naming?.takeChanges() ?? []),
      ...KeptRecords.records([...(tasks?.takeChanges() ?? []), ...kept]),
    ]
    const done = await writer
      .publish(
        own.length === 0 ? entries : [...entries, ...own],
        encodeCheckpoint(stamped),
        letters.map(({ letter }) => letter),
        { ...windows, names: beside },
      )
      .catch((error: unknown) => {
        const reason = String((error as Error)?.message)
        throw new LogUnavailableError(`the log did not take the events: ${reason}`, { cause: error })
      })
    const { published, buried = nothing } = done
    this.#checkpoint = stamped
    const short = shortChanges(done.windows, fromSec => this.ledger.windowOf(fromSec))
    this.ledger.apply(done.windows)
    if (short !== null) onShort?.(short)
    const taken = buried.size === 0 ? entries : entries.filter(({ guid }) => !buried.has(guid))
    // Which of them the log had already is not known: then none is called new.
    onPublished?.(published === taken.length ? taken : [], stamped.writtenMs)
    this.#isHeld(taken)
    // They are held, if only as dead letters: Cloud Controller's counts include them.
    for (const { guid, createdAtSec } of entries) if (buried.has(guid)) this.#hasBuried(guid, createdAtSec)
    for (const { letter, createdAtSec } of letters) this.#hasBuried(letter.key, createdAtSec)
    const count = letters.length + buried.size
    if (count > 0) onBuried?.(count, buried.size)
    return published
  }

  #isHeld(rows: readonly { readonly guid: string; readonly createdAtSec: number }[]): void {
    for (const { guid, createdAtSec } of rows) this.held.add(guid, createdAtSec)
    this.looks.recorded(rows)
  }

  #hasBuried(key: string, createdAtSec: number | null): void {
    this.held.bury(key, createdAtSec)
    if (createdAtSec === null) return
    this.looks.recorded([{ guid: key, createdAtSec }])
  }
}
