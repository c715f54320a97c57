import { DatabaseSync } from 'node:sqlite'
import { LogDamagedError } from '../log-error.ts'
import { explained, restoreRemedy } from './explain-storage-error.ts'
import { asNumber, LogDatabase } from './log-database.ts'
import { sizeBytes } from './log-files.ts'
import { applicationId, tables } from './schema.ts'

/**
 * What every opening looks at. Not a full check (that is `checkEmbeddedLog`, seconds per gigabyte): the length, the
 * tables, the counters against the rows, and some rows spread over the file.
 */
const probes = 32
/** https://sqlite.org/fileformat.html section 1.3 */
const headerBytes = 100

/** Before anything is opened for writing: is this a log of ours at all? */
export function refuseForeign(path: string): void {
  refuseWithoutHeader(path, sizeBytes(path) ?? 0)
  const database = explained(path, () => new LogDatabase(path, new DatabaseSync(path, { readOnly: true })))
  try {
    database.read(() => requireApplicationId(database))
  } finally {
    database.close()
  }
}

/** SQLite takes such a file for an empty database, which has no application_id. */
export function refuseWithoutHeader(path: string, size: number): void {
  if (size >= headerBytes) return
  const found =
    size === 0
      ? 'the file is empty (0 bytes), which a log never is'
      : `the file has only ${size} bytes: it was cut short`
  throw new LogDamagedError(path, found, restoreRemedy)
}

export function requireApplicationId(database: LogDatabase): void {
  const found = asNumber(database.row('PRAGMA application_id')?.[0])
  if (found === applicationId) return
  throw new LogDamagedError(
    database.path,
    `this is a database of another program (application_id ${found}, ours is ${applicationId})`,
    'Nothing was changed. Name a data directory of our own.',
  )
}

/** For the writer. The length can be judged only when all of the write-ahead log is home. */
export function examineDatabase(database: LogDatabase, isAllHome: boolean): void {
  if (isAllHome) requireLength(database)
  requireTables(database)
  probeRows(database)
}

export function requireTables(database: LogDatabase): void {
  const present = new Set(
    database.rows(`SELECT name FROM sqlite_schema WHERE type = 'table'`).map(row => row[0]),
  )
  const missing = tables.filter(table => !present.has(table))
  if (missing.length === 0) return
  throw new LogDamagedError(database.path, `the table ${missing.join(', ')} is missing`, restoreRemedy)
}

function requireLength(database: LogDatabase): void {
  const pages = asNumber(database.row('PRAGMA page_count')?.[0])
  const pageSize = asNumber(database.row('PRAGMA page_size')?.[0])
  const size = sizeBytes(database.path)
  if (size === pages * pageSize) return
  throw new LogDamagedError(
    database.path,
    `the file has ${size} bytes and should have ${pages * pageSize}: it was cut short or added to`,
    restoreRemedy,
  )
}

function probeRows(database: LogDatabase): void {
  const state = database.row('SELECT last_offset, pruned_through FROM log_state')
  const last = asNumber(state?.[0])
  const pruned = asNumber(state?.[1])
  const newest = database.row('SELECT max(offset) FROM events')?.[0] ?? 0
  const ahead = database.row('SELECT sink, offset FROM cursors WHERE offset > ?', last)
  if (asNumber(newest) > last || pruned > last || (last > pruned && newest !== last)) {
    throw new LogDamagedError(
      database.path,
      `the counters disagree with the events (last offset ${last}, pruned through ${pruned}, newest event ${newest})`,
      restoreRemedy,
    )
  }
  if (ahead !== undefined) {
    throw new LogDamagedError(
      database.path,
      `the cursor of sink ${ahead[0]} (${ahead[1]}) is ahead of the events (${last})`,
      restoreRemedy,
    )
  }
  for (let i = 0; i <= probes; i++) {
    const offset = pruned + 1 + Math.floor(((last - pruned - 1) * i) / probes)
    if (
      offset > pruned &&
      offset <= last &&
      database.row('SELECT record FROM events WHERE offset = ?', offset)?.[0] == null
    ) {
      throw new LogDamagedError(database.path, `the event with offset ${offset} is gone`, restoreRemedy)
    }
  }
}
