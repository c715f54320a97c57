import { LogDamagedError, LogStorageError } from '../log-error.ts'

/** Primary result codes: https://sqlite.org/rescode.html */
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

export const restoreRemedy =
  'Nothing was changed. Keep the whole directory, look at it with `sqlite3 log.db "PRAGMA integrity_check"`, and restore it from a backup; ' +
  'or move it away to begin anew, which reads again what Cloud Controller still has'

/** The error in an operator's words; what SQLite does not know comes back as it is. */
export function explainSqliteError(error: unknown, path: string): unknown {
  const code = primaryCode(error)
  if (code === null) return error
  const said = `SQLite says: ${(error as Error).message}`
  const cause = { cause: error }
  switch (code) {
    case CORRUPT:
      return new LogDamagedError(
        path,
        `the file holds pages that make no sense (${said})`,
        restoreRemedy,
        cause,
      )
    case NOTADB:
      return new LogDamagedError(path, `this is not an SQLite database (${said})`, restoreRemedy, cause)
    case FULL:
      return new LogStorageError(
        path,
        'full',
        `the disk is full: nothing of this write was kept. Make room or set a smaller retention; writing goes on by itself then. ${said}`,
        cause,
      )
    case IOERR:
      return new LogStorageError(
        path,
        'io',
        `the disk refused a read, a write or a sync: nothing of this is taken as kept. Look at the kernel log, the quota and the file-size limit (ulimit -f). ${said}`,
        cause,
      )
    case READONLY:
      return new LogStorageError(
        path,
        'read-only',
        `the log cannot be written. Give this user write permission on the file and its directory, or mount it writable. ${said}`,
        cause,
      )
    case CANTOPEN:
      return new LogStorageError(
        path,
        'unreadable',
        `the log cannot be opened. Check that the directory exists and this user may read (to write: write) in it. ${said}`,
        cause,
      )
    case BUSY:
    case LOCKED:
      return new LogStorageError(
        path,
        'busy',
        `another program keeps the database locked. End it (an open write transaction in a sqlite3 shell?). ${said}`,
        cause,
      )
    default:
      return error
  }
}

export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY
}

export function isUnopenable(error: unknown): boolean {
  const code = primaryCode(error)
  return code === CANTOPEN || code === READONLY
}

function primaryCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}
