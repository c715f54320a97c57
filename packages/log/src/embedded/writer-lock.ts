import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { LogInUseError } from '../log-error.ts'
import { explained, explainStorageError, isBusy } from './explain-storage-error.ts'
import type { LogFiles } from './log-files.ts'

/**
 * Exactly one writer. The lock is SQLite's own on a second, empty database held in an exclusive transaction: the
 * kernel drops it when the process ends, however it ends, so there is no stale lock to judge. It is a second file
 * because a POSIX lock is dropped as soon as *any* descriptor of the file is closed in the process; SQLite knows that
 * of its own connections and of nobody else's, so nothing here opens either database through `node:fs` once it exists.
 */
export interface WriterLock {
  /** Says in plain text who holds the lock, and that a log has been completed here. */
  nameHolder(nowMs: number): void
  release(): void
}

interface Holder {
  readonly pid: number
  readonly host: string
}

/** Keeps the connections of held locks from the garbage collector, which would close them and so drop the lock. */
const held = new Set<DatabaseSync>()

export function takeWriterLock(files: LogFiles): WriterLock {
  createLockFile(files.lock)
  const connection = explained(files.lock, () => new DatabaseSync(files.lock, { timeout: 0 }))
  try {
    connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    connection.close()
    throw isBusy(error) ? inUse(files) : explainStorageError(error, files.lock)
  }
  held.add(connection)
  return {
    nameHolder: nowMs => explained(files.holder, () => writeHolder(files.holder, nowMs)),
    release: () => {
      if (held.delete(connection)) connection.close()
    },
  }
}

function createLockFile(path: string): void {
  if (existsSync(path)) return
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw explainStorageError(error, path)
  }
}

function writeHolder(path: string, nowMs: number): void {
  const holder = {
    pid: process.pid,
    host: hostname(),
    since: new Date(nowMs).toISOString(),
    note: 'A log was completed in this directory. Who writes it, or wrote it last, is above.',
  }
  writeFileSync(`${path}.new`, `${JSON.stringify(holder, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function inUse(files: LogFiles): LogInUseError {
  const holder = readHolder(files.holder)
  const who = holder === null ? 'another process' : `process ${holder.pid} on ${holder.host}`
  return new LogInUseError(
    files.dir,
    holder,
    `${who} writes this log already, and there is one writer only. End that process, or give this one its own data directory.`,
  )
}

function readHolder(path: string): Holder | null {
  try {
    const { pid, host } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : null
  } catch {
    return null
  }
}
