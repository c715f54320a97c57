import type { Arrivals } from '../arrivals.ts'
import type { LedgerWindow } from '../ledger/ledger-window.ts'
import { placeWindows } from '../ledger/place-windows.ts'
import { LogClosedError } from '../log-error.ts'
import type {
  Checkpoint,
  DeadLetter,
  FoundationWriter,
  HeldEvent,
  LogEntry,
  NameRecord,
  PlacedGuid,
  PublishedBeside,
  PublishResult,
} from '../ports.ts'
import { requireCheckpoint, requireEntry } from '../publish-rules.ts'
import { buryLetters } from './dead-letters.ts'
import { forgottenUpToMs } from './forgotten-up-to.ts'
import type { GuidIndex } from './guid-index.ts'
import { keepNames, keptNames } from './kept-names.ts'
import { readWindows, writeWindows } from './ledger.ts'
import { asNumber, asText, type LogDatabase } from './log-database.ts'
import { readState } from './log-state.ts'
import { BatchTally } from './tallies.ts'

const guidsPerLook = 5_000

export interface WriterDoor {
  readonly database: LogDatabase
  readonly guids: GuidIndex
  readonly arrivals: Arrivals
  released(): void
}

export class EmbeddedWriter implements FoundationWriter {
  readonly isAtomic = true
  readonly #foundation: string
  readonly #id: number
  readonly #door: WriterDoor
  #checkpoint: Checkpoint | null
  #closed = false
  #failure: unknown = null

  constructor(foundation: string, door: WriterDoor) {
    this.#foundation = foundation
    this.#door = door
    this.#id = foundationId(door.database, foundation)
    const row = door.database.read(() =>
      door.database.row('SELECT checkpoint FROM checkpoints WHERE foundation = ?', foundation),
    )
    this.#checkpoint = row === undefined ? null : asText(row[0])
  }

  get checkpoint(): Checkpoint | null {
    return this.#checkpoint
  }

  guids(sinceSec: number): AsyncGenerator<PlacedGuid> {
    return this.#eventsBetween(sinceSec, Number.MAX_SAFE_INTEGER)
  }

  async *guidsOf(windows: readonly LedgerWindow[]): AsyncGenerator<PlacedGuid> {
    const stretches: { fromSec: number; toSec: number }[] = []
    for (const { fromSec, toSec } of windows.toSorted((a, b) => a.fromSec - b.fromSec)) {
      const before = stretches.at(-1)
      if (before?.toSec === fromSec) before.toSec = toSec
      else stretches.push({ fromSec, toSec })
    }
    for (const { fromSec, toSec } of stretches) yield* this.#eventsBetween(fromSec, toSec)
  }

  places(sinceSec: number): AsyncGenerator<PlacedGuid> {
    return this.#eventsBetween(sinceSec, Number.MAX_SAFE_INTEGER)
  }

  async *eventsOf(window: LedgerWindow): AsyncGenerator<HeldEvent> {
    const { database } = this.#door
    for await (const { guid, createdAtSec, offset } of this.guidsOf([window])) {
      const row = database.read(() =>
        database.row('SELECT received_at, record FROM events WHERE offset = ?', offset),
      )
      if (row === undefined) continue
      const bytes = row[1] instanceof Uint8Array ? row[1] : null
      yield { guid, createdAtSec, receivedAtMs: asNumber(row[0]), bytes }
    }
  }

  async *uncounted(): AsyncGenerator<PlacedGuid> {}

  async forgottenUpToMs(): Promise<number | null> {
    this.#requireAlive()
    return forgottenUpToMs(this.#door.database, this.#foundation)
  }

  async *ledger(): AsyncGenerator<LedgerWindow> {
    for (const { foundation: _, ...window } of readWindows(this.#door.database, {
      foundation: this.#foundation,
    })) {
      this.#requireAlive()
      yield window
    }
  }

  async *#eventsBetween(sinceSec: number, toSec: number): AsyncGenerator<PlacedGuid> {
    const { database } = this.#door
    let createdAtSec = sinceSec
    let offset = 0
    for (;;) {
      this.#requireAlive()
      const rows = database.read(() =>
        database.rows(
          `SELECT guid, created_at, offset FROM events
           WHERE foundation = ? AND created_at >= ? AND created_at < ? AND (created_at, offset) > (?, ?)
           ORDER BY created_at, offset LIMIT ?`,
          this.#foundation,
          createdAtSec,
          toSec,
          createdAtSec,
          offset,
          guidsPerLook,
        ),
      )
      for (const row of rows) {
        createdAtSec = asNumber(row[1])
        offset = asNumber(row[2])
        yield { guid: asText(row[0]), createdAtSec, offset }
      }
      if (rows.length < guidsPerLook) return
    }
  }

  async *names(): AsyncGenerator<NameRecord> {
    this.#requireAlive()
    yield* keptNames(this.#door.database, this.#foundation)
  }

  async publish(
    entries: readonly LogEntry[],
    next: Checkpoint,
    deadLetters: readonly DeadLetter[] = [],
    { windows = [], names = [] }: PublishedBeside = {},
  ): Promise<PublishResult> {
    this.#requireAlive()
    try {
      requireCheckpoint(next)
      entries.forEach(requireEntry)
      const result = this.#door.database.transaction(() => {
        keepNames(this.#door.database, this.#foundation, names)
        return this.#append(entries, next, deadLetters, windows)
      })
      this.#checkpoint = next
      if (result.published > 0) this.#door.arrivals.announce()
      return result
    } catch (error) {
      this.#failure = error
      this.#door.guids.forgetState()
      throw error
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#door.released()
  }

  #append(
    entries: readonly LogEntry[],
    next: Checkpoint,
    deadLetters: readonly DeadLetter[],
    windows: readonly LedgerWindow[],
  ): PublishResult {
    const { database, guids } = this.#door
    const isNew = guids.adder(this.#id)
    const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    const tally = new BatchTally()
    const offsets = new Map<string, number>()
    const before = readState(database).lastOffset
    let offset = before
    for (const entry of entries) {
      if (!isNew(entry.guid)) continue
      insert.run(
        ++offset,
        this.#foundation,
        entry.guid,
        entry.type,
        entry.createdAtSec,
        entry.receivedAtMs,
        entry.provenance,
        entry.bytes,
      )
      tally.add(entry)
      if (windows.length > 0) offsets.set(entry.guid, offset)
    }
    const published = offset - before
    if (published > 0) {
      guids.carryOver(published)
      tally.write(database, this.#foundation)
      database.run('UPDATE log_state SET last_offset = ?', offset)
    }
    buryLetters(database, deadLetters)
    const placed = placeWindows(windows, entries, offsets)
    writeWindows(database, this.#foundation, placed)
    database.run('INSERT OR REPLACE INTO checkpoints VALUES (?, ?)', this.#foundation, next)
    return { published, windows: placed }
  }

  #requireAlive(): void {
    if (this.#closed) throw new LogClosedError(`the writer of foundation ${this.#foundation} is closed`)
    if (this.#failure === null) return
    throw new LogClosedError(
      `the writer of foundation ${this.#foundation} is out of service since an earlier publish failed: close it, open a new one and read its checkpoint`,
      { cause: this.#failure },
    )
  }
}

function foundationId(database: LogDatabase, name: string): number {
  const select = 'SELECT id FROM foundations WHERE name = ?'
  const known = database.read(() => database.row(select, name))
  if (known !== undefined) return asNumber(known[0])
  return database.transaction(() => {
    database.run('INSERT INTO foundations (name) VALUES (?)', name)
    return asNumber(database.row(select, name)?.[0])
  })
}
