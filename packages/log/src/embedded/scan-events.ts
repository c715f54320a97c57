import { setImmediate } from 'node:timers/promises'
import type { EventQuery, LogRecord } from '../ports.ts'
import { asBytes, asNumber, asText, type LogDatabase, type Row } from './log-database.ts'
import { readState } from './log-state.ts'

/** Rows looked at (not: found) at a time, so that a look is short whatever is asked for. */
const rowsPerLook = 1_000

/**
 * What the log held when the first record was asked for, in the order of the log. Each look is a read of its own and
 * none is held open between two records; records pruned meanwhile are not there any more.
 */
export async function* scanEvents(database: LogDatabase, query: EventQuery): AsyncGenerator<LogRecord> {
  const [first, last] = database.read(() => bounds(database, query))
  const newestFirst = query.newestFirst === true
  const order = newestFirst ? 'DESC' : 'ASC'
  const where = [
    'offset BETWEEN ? AND ?',
    'record IS NOT NULL',
    ...(query.foundation === undefined ? [] : ['foundation = ?']),
    ...(query.sinceSec === undefined ? [] : ['created_at >= ?']),
  ]
  const sql = `SELECT offset, foundation, guid, record FROM events NOT INDEXED WHERE ${where.join(' AND ')} ORDER BY offset ${order}`
  const filters = [query.foundation, query.sinceSec].filter(value => value !== undefined)
  for (let done = 0; done <= last - first; done += rowsPerLook) {
    const from = newestFirst ? Math.max(first, last - done - rowsPerLook + 1) : first + done
    const to = newestFirst ? last - done : Math.min(last, from + rowsPerLook - 1)
    const rows = database.read(() => database.rows(sql, from, to, ...filters))
    for (const row of rows) yield asRecord(row)
    await setImmediate()
  }
}

/** The offsets between which the answer lies. */
function bounds(database: LogDatabase, query: EventQuery): readonly [number, number] {
  const { lastOffset, prunedThrough } = readState(database)
  if (query.sinceSec === undefined) return [prunedThrough + 1, lastOffset]
  const oldest = oldestSince(database, query.sinceSec, query.foundation)
  return [Math.max(prunedThrough + 1, oldest ?? lastOffset + 1), lastOffset]
}

function oldestSince(database: LogDatabase, sinceSec: number, foundation: string | undefined): number | null {
  const foundations =
    foundation === undefined ? database.rows('SELECT name FROM foundations').map(row => row[0]) : [foundation]
  const offsets = foundations.flatMap(name => {
    const offset = database.row(
      'SELECT min(offset) FROM events INDEXED BY events_by_created_at WHERE foundation = ? AND created_at >= ?',
      String(name),
      sinceSec,
    )?.[0]
    return offset == null ? [] : [asNumber(offset)]
  })
  return offsets.length === 0 ? null : Math.min(...offsets)
}

function asRecord(row: Row): LogRecord {
  return {
    offset: asNumber(row[0]),
    foundation: asText(row[1]),
    guid: asText(row[2]),
    bytes: asBytes(row[3]),
  }
}
