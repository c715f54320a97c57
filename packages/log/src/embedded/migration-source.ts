import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { LedgerWindow } from '../ledger/ledger-window.ts'
import { LogMissingError } from '../log-error.ts'
import type { StoredEvent } from '../migrate/stored-event.ts'
import type { Checkpoint, DeadLetter, NameRecord, SinkPosition, Tally } from '../ports.ts'
import { readPositions } from './cursors.ts'
import { keptNames } from './kept-names.ts'
import { readWindows } from './ledger.ts'
import { asBytes, asNumber, asText, type LogDatabase, type Row } from './log-database.ts'
import { type LogFiles, logFiles } from './log-files.ts'
import { readState } from './log-state.ts'
import { type Moved, markCopied, markFinished, readMoved } from './moved-mark.ts'
import { openDatabaseForWriting } from './open-database.ts'
import { openDatabaseForReading } from './open-for-reading.ts'
import { asProvenance, readTallies } from './tallies.ts'
import { takeWriterLock } from './writer-lock.ts'

/** Together at once in memory, and in one transaction of Kafka. */
const rowsAtOnce = 5_000
const bytesAtOnce = 8 * 1024 * 1024
const lettersAtOnce = 20
const namesAtOnce = 2_000

export interface FoundationToMove {
  readonly foundation: string
  /** With their payload. */
  readonly events: number
  /** Pruned, and remembered by their guid. */
  readonly remembered: number
  /** Ever published: the number of the newest. */
  readonly total: number
  readonly checkpoint: Checkpoint | null
  readonly tallies: readonly Tally[]
  readonly deadLetters: number
  /** Of the first that is to be copied; null when there is none. */
  readonly oldestReceivedAtMs: number | null
}

/** How far a sink is: everything up to and including this offset is delivered, or pruned. */
export interface SinkCursor {
  readonly sink: string
  readonly offset: number
}

/** An embedded log while it is carried away. Nobody else has it open for writing. */
export class MigrationSource {
  readonly #database: LogDatabase
  readonly #unlock: () => void

  private constructor(database: LogDatabase, unlock: () => void) {
    this.#database = database
    this.#unlock = unlock
  }

  /** Throws what `openEmbeddedLog` throws, but takes a log that was moved, and makes none where there is none. */
  static open(dir: string, clock: Clock): MigrationSource {
    const files = logFiles(resolve(dir))
    requireLog(files)
    const lock = takeWriterLock(files)
    try {
      const database = openDatabaseForWriting(files, 'full')
      lock.nameHolder(clock.now())
      return new MigrationSource(database, () => lock.release())
    } catch (error) {
      lock.release()
      throw error
    }
  }

  /** Beside whoever writes it; nothing can be marked. */
  static openForReading(dir: string): MigrationSource {
    return new MigrationSource(openDatabaseForReading(logFiles(resolve(dir))), () => undefined)
  }

  get path(): string {
    return this.#database.path
  }

  get moved(): Moved | null {
    return readMoved(this.#database)
  }

  markCopied(moved: Omit<Moved, 'finishedAtMs'>): void {
    markCopied(this.#database, moved)
  }

  markFinished(atMs: number): void {
    markFinished(this.#database, atMs)
  }

  foundations(): readonly FoundationToMove[] {
    const database = this.#database
    return database.snapshot(() => {
      const tallies = Map.groupBy(readTallies(database), ({ foundation }) => foundation)
      const names = database.rows(
        `SELECT name FROM foundations UNION SELECT foundation FROM dead_letters
         UNION SELECT foundation FROM checkpoints ORDER BY 1`,
      )
      const all = names.map(([name]) => this.#foundation(asText(name), tallies.get(asText(name)) ?? []))
      return all.filter(one => one.total > 0 || one.checkpoint !== null || one.deadLetters > 0)
    })
  }

  /** Every event of the foundation after the one named, oldest first, some at a time. */
  *events(
    { foundation, events, remembered, total }: FoundationToMove,
    last: Pick<StoredEvent, 'offset' | 'seq'> = { offset: 0, seq: total - events - remembered },
  ): Generator<readonly StoredEvent[]> {
    let { seq } = last
    for (let after = last.offset; ; ) {
      const rows = this.#database.read(() => this.#take(foundation, after))
      if (rows.length === 0) return
      yield rows.map(row => asStoredEvent(row, ++seq))
      after = asNumber(rows.at(-1)?.[0])
    }
  }

  *deadLetters(foundation: string): Generator<readonly DeadLetter[]> {
    for (let after = 0; ; ) {
      const rows = this.#database.read(() =>
        this.#database.rows(
          `SELECT id, origin, key, reason, raw, at_ms FROM dead_letters
           WHERE foundation = ? AND id > ? ORDER BY id LIMIT ${lettersAtOnce}`,
          foundation,
          after,
        ),
      )
      if (rows.length === 0) return
      yield rows.map(([, origin, key, reason, raw, atMs]) => ({
        foundation,
        origin: asText(origin),
        key: asText(key),
        reason: asText(reason),
        raw: asBytes(raw),
        atMs: asNumber(atMs),
      }))
      after = asNumber(rows.at(-1)?.[0])
    }
  }

  /** How things were called, some at once. */
  *names(foundation: string): Generator<readonly NameRecord[]> {
    let batch: NameRecord[] = []
    for (const record of keptNames(this.#database, foundation)) {
      batch.push(record)
      if (batch.length < namesAtOnce) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  }

  /** The completeness ledger of the foundation, oldest first. */
  *ledger(foundation: string): Generator<LedgerWindow> {
    for (const { foundation: _, ...window } of readWindows(this.#database, { foundation })) yield window
  }

  /** Every sink that has ever connected. */
  sinks(): readonly SinkCursor[] {
    const database = this.#database
    return database.snapshot(() => {
      const { prunedThrough } = readState(database)
      return database.rows('SELECT sink, offset FROM cursors ORDER BY sink').map(([sink, offset]) => ({
        sink: asText(sink),
        offset: Math.max(asNumber(offset), prunedThrough),
      }))
    })
  }

  positions(): readonly SinkPosition[] {
    return this.#database.snapshot(() => readPositions(this.#database))
  }

  close(): void {
    try {
      this.#database.close()
    } finally {
      this.#unlock()
    }
  }

  #foundation(foundation: string, tallies: readonly Tally[]): FoundationToMove {
    const database = this.#database
    const { prunedThrough } = readState(database)
    const [rows, remembered] =
      database.row(
        'SELECT count(*), ifnull(sum(offset <= ?), 0) FROM events WHERE foundation = ?',
        prunedThrough,
        foundation,
      ) ?? []
    const checkpoint = database.row('SELECT checkpoint FROM checkpoints WHERE foundation = ?', foundation)
    const oldest = database.row(
      'SELECT received_at FROM events NOT INDEXED WHERE foundation = ? ORDER BY offset LIMIT 1',
      foundation,
    )
    return {
      foundation,
      events: asNumber(rows) - asNumber(remembered),
      remembered: asNumber(remembered),
      total: tallies.reduce((sum, { count }) => sum + count, 0),
      checkpoint: checkpoint === undefined ? null : asText(checkpoint[0]),
      tallies,
      deadLetters: asNumber(
        database.row('SELECT count(*) FROM dead_letters WHERE foundation = ?', foundation)?.[0],
      ),
      oldestReceivedAtMs: oldest === undefined ? null : asNumber(oldest[0]),
    }
  }

  #take(foundation: string, after: number): readonly Row[] {
    const statement = this.#database.prepare(
      `SELECT offset, guid, type, created_at, received_at, provenance, record
       FROM events NOT INDEXED WHERE foundation = ? AND offset > ? ORDER BY offset LIMIT ${rowsAtOnce}`,
    )
    const rows: Row[] = []
    let bytes = 0
    for (const row of statement.iterate(foundation, after) as unknown as Iterable<Row>) {
      rows.push(row)
      const record = row[6]
      bytes += record instanceof Uint8Array ? record.length : 0
      if (bytes >= bytesAtOnce) break
    }
    return rows
  }
}

function asStoredEvent(row: Row, seq: number): StoredEvent {
  const [offset, guid, type, createdAtSec, receivedAtMs, provenance, record] = row
  return {
    offset: asNumber(offset),
    seq,
    guid: asText(guid),
    type: asText(type),
    createdAtSec: asNumber(createdAtSec),
    receivedAtMs: asNumber(receivedAtMs),
    provenance: asProvenance(provenance),
    bytes: record === null ? null : asBytes(record),
  }
}

function requireLog(files: LogFiles): void {
  const traces = [files.database, `${files.database}-wal`, files.holder]
  if (!traces.some(existsSync)) throw new LogMissingError(files.dir)
}
