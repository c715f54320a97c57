import type { LogEntry, Tally } from '../ports.ts'
import { asNumber, asText, type LogDatabase } from './log-database.ts'

/** What one batch adds to the tallies; written once per (type, provenance), not once per event. */
export class BatchTally {
  readonly #counts = new Map<
    string,
    { entry: LogEntry; count: number; receivedAtMs: number; createdAtSec: number }
  >()

  add(entry: LogEntry): void {
    const key = `${entry.provenance} ${entry.type}`
    const known = this.#counts.get(key)
    if (known === undefined) {
      this.#counts.set(key, {
        entry,
        count: 1,
        receivedAtMs: entry.receivedAtMs,
        createdAtSec: entry.createdAtSec,
      })
      return
    }
    known.count++
    known.receivedAtMs = Math.max(known.receivedAtMs, entry.receivedAtMs)
    known.createdAtSec = Math.max(known.createdAtSec, entry.createdAtSec)
  }

  write(database: LogDatabase, foundation: string): void {
    for (const { entry, count, receivedAtMs, createdAtSec } of this.#counts.values()) {
      database.run(
        `INSERT INTO tallies VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (foundation, type, provenance) DO UPDATE SET
           count = count + excluded.count,
           last_received_at = max(last_received_at, excluded.last_received_at),
           last_created_at = max(last_created_at, excluded.last_created_at)`,
        foundation,
        entry.type,
        entry.provenance,
        count,
        receivedAtMs,
        createdAtSec,
      )
    }
  }
}

export function readTallies(database: LogDatabase): readonly Tally[] {
  return database
    .rows('SELECT foundation, type, provenance, count, last_received_at, last_created_at FROM tallies')
    .map(([foundation, type, provenance, count, receivedAtMs, createdAtSec]) => ({
      foundation: asText(foundation),
      type: asText(type),
      provenance: asProvenance(provenance),
      count: asNumber(count),
      lastReceivedAtMs: asNumber(receivedAtMs),
      lastCreatedAtSec: asNumber(createdAtSec),
    }))
}

export function asProvenance(value: unknown): Tally['provenance'] {
  if (value === 'live' || value === 'backfill' || value === 'replay') return value
  throw new TypeError(`a provenance was expected in the log, not ${String(value)}`)
}
