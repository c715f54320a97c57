import { resolve } from 'node:path'
import type { Clock, Source } from '@cf-audit-drain/pipeline'
import { Arrivals } from '../arrivals.ts'
import { leadAll } from '../lead-all.ts'
import type { FoundationWindow, LedgerQuery } from '../ledger/ledger-window.ts'
import { LogClosedError, LogInUseError, LogStorageError } from '../log-error.ts'
import type {
  Candidate,
  DeadLetter,
  EventLog,
  EventQuery,
  FoundationWriter,
  LogRecord,
  RetentionPolicy,
  SinkPosition,
  Tally,
} from '../ports.ts'
import { readCursor, readPositions } from './cursors.ts'
import { buryLetters, countLetters, lettersOf, readLetters } from './dead-letters.ts'
import { EmbeddedWriter } from './foundation-writer.ts'
import { GuidIndex } from './guid-index.ts'
import { readWindows } from './ledger.ts'
import type { LogDatabase } from './log-database.ts'
import { logFiles } from './log-files.ts'
import { refuseMoved } from './moved-mark.ts'
import { makeDirectory, openDatabaseForWriting, type Synchronous } from './open-database.ts'
import { openDatabaseForReading } from './open-for-reading.ts'
import { type Pruned, Retention } from './retention.ts'
import { scanEvents } from './scan-events.ts'
import { SinkSource } from './sink-source.ts'
import { readTallies } from './tallies.ts'
import { takeWriterLock } from './writer-lock.ts'

export interface EmbeddedLogOptions {
  /** The data directory; made (0700) when it is missing and the mode is `write`. On a local disk: locks need one. */
  readonly dir: string
  readonly clock: Clock
  /** `write` (default): the one process that polls and delivers. `read`: looks beside it, changes nothing. */
  readonly mode?: 'write' | 'read'
  /** `full` (default): on disk when acknowledged. `normal`: a power cut may take the last seconds; for benches only. */
  readonly synchronous?: Synchronous
}

/**
 * Opens the log, making it on the first start. Throws LogInUseError (another writer), LogDamagedError,
 * LogVersionError, LogStorageError, LogMovedError, and, for a reader, LogMissingError. Never begins an empty log where one was.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const files = logFiles(resolve(options.dir))
  if (options.mode === 'read') return new EmbeddedLog(openDatabaseForReading(files), null)
  makeDirectory(files.dir)
  const lock = takeWriterLock(files)
  try {
    const database = openDatabaseForWriting(files, options.synchronous ?? 'full')
    try {
      refuseMoved(database)
      lock.nameHolder(options.clock.now())
      return new EmbeddedLog(database, () => lock.release())
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

export class EmbeddedLog implements EventLog {
  readonly #database: LogDatabase
  /** Null for a reader. */
  readonly #unlock: (() => void) | null
  readonly #arrivals = new Arrivals()
  readonly #guids: GuidIndex
  readonly #retention: Retention
  readonly #writing = new Set<string>()
  readonly #delivering = new Map<string, SinkSource>()
  #closed = false

  /** Use openEmbeddedLog. */
  constructor(database: LogDatabase, unlock: (() => void) | null) {
    this.#database = database
    this.#unlock = unlock
    this.#guids = new GuidIndex(database)
    this.#retention = new Retention(database, this.#guids)
  }

  async writer(foundation: string): Promise<FoundationWriter> {
    this.#requireWritable()
    if (this.#writing.has(foundation)) {
      throw new LogInUseError(
        this.#database.path,
        null,
        `foundation ${foundation} has a writer in this process already; close it first`,
      )
    }
    const writer = new EmbeddedWriter(foundation, {
      database: this.#database,
      guids: this.#guids,
      arrivals: this.#arrivals,
      released: () => this.#writing.delete(foundation),
    })
    this.#writing.add(foundation)
    return writer
  }

  /** Every foundation is this process's: no other one can have this log open. */
  async lead(foundations: readonly string[], candidate: Candidate, signal: AbortSignal): Promise<void> {
    this.#requireWritable()
    return leadAll(foundations, candidate, signal)
  }

  /** A waiting `read` ends with null when the source or the log is closed. */
  source(sink: string, options: { readonly batchMax: number }): Source<LogRecord> {
    this.#requireWritable()
    return new SinkSource(sink, options.batchMax, {
      database: this.#database,
      arrivals: this.#arrivals,
      isClosed: () => this.#closed,
      claim: (name, source) => this.#claim(name, source),
      release: (name, source) => {
        if (this.#delivering.get(name) === source) this.#delivering.delete(name)
      },
    })
  }

  async bury(letters: readonly DeadLetter[]): Promise<void> {
    this.#requireWritable()
    this.#database.transaction(() => buryLetters(this.#database, letters))
  }

  async deadLetters(limit: number): Promise<readonly DeadLetter[]> {
    return this.#database.read(() => readLetters(this.#database, limit))
  }

  lettersOf(foundation: string, origin: string, signal?: AbortSignal): AsyncIterable<DeadLetter> {
    return lettersOf(this.#database, foundation, origin, signal)
  }

  async deadLetterCounts(): Promise<
    readonly { readonly origin: string; readonly foundation: string; readonly count: number }[]
  > {
    return this.#database.read(() => countLetters(this.#database))
  }

  async tallies(): Promise<readonly Tally[]> {
    return this.#database.read(() => readTallies(this.#database))
  }

  async *ledger(query: LedgerQuery): AsyncGenerator<FoundationWindow> {
    yield* readWindows(this.#database, query)
  }

  async positions(): Promise<readonly SinkPosition[]> {
    return this.#database.snapshot(() => readPositions(this.#database))
  }

  events(query: EventQuery): AsyncIterable<LogRecord> {
    return scanEvents(this.#database, query)
  }

  async prune(policy: RetentionPolicy, nowMs: number): Promise<Pruned> {
    this.#requireWritable()
    return this.#retention.prune(policy, nowMs)
  }

  /** Every sink that has ever connected, and so holds retention back. */
  async sinkNames(): Promise<readonly string[]> {
    return (await this.positions()).map(position => position.sink)
  }

  /** Drops the cursor of a sink that is gone; false when there was none. Under the same name it would begin anew. */
  async forgetSink(sink: string): Promise<boolean> {
    this.#requireWritable()
    if (this.#delivering.has(sink)) {
      throw new LogInUseError(this.#database.path, null, `sink ${sink} is delivering; close its source first`)
    }
    if (this.#database.read(() => readCursor(this.#database, sink)) === null) return false
    this.#database.transaction(() => this.#database.run('DELETE FROM cursors WHERE sink = ?', sink))
    return true
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#arrivals.announce()
    try {
      this.#database.close()
    } finally {
      this.#unlock?.()
    }
  }

  #claim(sink: string, source: SinkSource): void {
    const other = this.#delivering.get(sink)
    if (other !== undefined && other !== source) {
      throw new LogInUseError(
        this.#database.path,
        null,
        `sink ${sink} has a source in this process already; close it first`,
      )
    }
    this.#delivering.set(sink, source)
  }

  #requireWritable(): void {
    if (this.#closed) throw new LogClosedError(`${this.#database.path}: the log is closed`)
    if (this.#unlock !== null) return
    throw new LogStorageError(this.#database.path, 'read-only', 'the log was opened for reading only')
  }
}
