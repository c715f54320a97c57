import type { SinkPosition } from '../ports.ts'
import { asNumber, asText, type LogDatabase } from './log-database.ts'
import { readState } from './log-state.ts'

export function readCursor(database: LogDatabase, sink: string): number | null {
  const row = database.row('SELECT offset FROM cursors WHERE sink = ?', sink)
  return row === undefined ? null : asNumber(row[0])
}

/** A sink that is registered holds retention back, from before its first record. */
export function registerSink(database: LogDatabase, sink: string): void {
  if (database.read(() => readCursor(database, sink)) !== null) return
  database.transaction(() => database.run('INSERT OR IGNORE INTO cursors VALUES (?, 0)', sink))
}

/** Moves forward only. */
export function commitCursor(database: LogDatabase, sink: string, offset: number): void {
  const moved = database.transaction(() =>
    database.run('UPDATE cursors SET offset = ? WHERE sink = ? AND offset <= ?', offset, sink, offset),
  )
  if (moved !== 1)
    throw new Error(
      `the cursor of sink ${sink} was forgotten or moved while it was delivering; start it again`,
    )
}

/** Null when no sink is registered. */
export function slowestCursor(database: LogDatabase): number | null {
  const offset = database.row('SELECT min(offset) FROM cursors')?.[0]
  return offset == null ? null : asNumber(offset)
}

/** In a snapshot: the counter and the cursors must be of one moment. */
export function readPositions(database: LogDatabase): readonly SinkPosition[] {
  const { lastOffset, prunedThrough } = readState(database)
  return database.rows('SELECT sink, offset FROM cursors ORDER BY sink').map(row => {
    const offset = asNumber(row[1])
    const after = Math.max(offset, prunedThrough)
    const oldest = database.row(
      'SELECT received_at FROM events WHERE offset > ? ORDER BY offset LIMIT 1',
      after,
    )
    return {
      sink: asText(row[0]),
      offset,
      lag: lastOffset - after,
      oldestUndeliveredMs: oldest === undefined ? null : asNumber(oldest[0]),
    }
  })
}
