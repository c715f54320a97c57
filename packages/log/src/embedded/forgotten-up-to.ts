import { setImmediate } from 'node:timers/promises'
import { asNumber, type LogDatabase } from './log-database.ts'
import { readState } from './log-state.ts'

const offsetsPerLook = 5_000

/**
 * When the newest event came whose guid retention has removed, at most; null: it has removed none. Offsets have no gaps but for
 * these.
 */
export async function forgottenUpToMs(database: LogDatabase, foundation: string): Promise<number | null> {
  const removed = await newestRemoved(database)
  if (removed === 0) return null
  const next = 'SELECT received_at FROM events WHERE offset > ? ORDER BY offset LIMIT 1'
  const newest = 'SELECT max(last_received_at) FROM tallies WHERE foundation = ?'
  const row = database.read(() => database.row(next, removed) ?? database.row(newest, foundation))
  return row?.[0] == null ? null : asNumber(row[0])
}

/** The offset of the newest event that is not there any more; 0 when all are. */
async function newestRemoved(database: LogDatabase): Promise<number> {
  let expected = database.read(() => readState(database).prunedThrough)
  for (;;) {
    const rows = database.read(() =>
      database.rows(
        'SELECT offset FROM events WHERE offset <= ? ORDER BY offset DESC LIMIT ?',
        expected,
        offsetsPerLook,
      ),
    )
    for (const row of rows) {
      if (asNumber(row[0]) !== expected) return expected
      expected--
    }
    if (rows.length < offsetsPerLook) return expected
    await setImmediate()
  }
}
