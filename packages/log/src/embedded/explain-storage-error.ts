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

type Kind = LogStorageError['kind']

const sqliteKinds: Readonly<Record<number, Kind>> = {
  [FULL]: 'full',
  [IOERR]: 'io',
  [READONLY]: 'read-only',
  [CANTOPEN]: 'unreadable',
  [BUSY]: 'busy',
  [LOCKED]: 'busy',
}

const systemKinds: Readonly<Record<string, Kind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EIO: 'io',
  EFBIG: 'io',
  EROFS: 'read-only',
  EACCES: 'unreadable',
  EPERM: 'unreadable',
  ENOTDIR: 'unreadable',
  ENOENT: 'unreadable',
}

const sentences: Readonly<Record<Kind, string>> = {
  full: 'the disk is full: nothing of this write was kept. Make room or set a smaller retention; writing goes on by itself then',
  io: 'the disk refused a read, a write or a sync: nothing of this is taken as kept. Look at the kernel log, the quota and the file-size limit (ulimit -f)',
  'read-only':
    'the log cannot be written. Give this user write permission on the file and its directory, or mount it writable',
  unreadable:
    'the log cannot be opened. Check that the directory exists and that this user may read, and to write: write, in it',
  busy: 'another program keeps the database locked. End it (an open write transaction in a sqlite3 shell?)',
}

/** An error of SQLite or of the file system in an operator's words; what neither knows comes back as it is. */
export function explainStorageError(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error
  const said = `the system says: ${error.message}`
  const cause = { cause: error }
  const code = primaryCode(error)
  if (code === CORRUPT) {
    return new LogDamagedError(
      path,
      `the file holds pages that make no sense (${said})`,
      restoreRemedy,
      cause,
    )
  }
  if (code === NOTADB) {
    return new LogDamagedError(path, `this is not an SQLite database (${said})`, restoreRemedy, cause)
  }
  const kind = code === null ? systemKinds[(error as NodeJS.ErrnoException).code ?? ''] : sqliteKinds[code]
  return kind === undefined ? error : new LogStorageError(path, kind, `${sentences[kind]}; ${said}`, cause)
}

/** Runs `work`, and throws what it throws explained. */
export function explained<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw explainStorageError(error, path)
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
