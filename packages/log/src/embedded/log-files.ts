import { statSync } from 'node:fs'
import { join } from 'node:path'

/** What lies in the data directory and is ours. */
export interface LogFiles {
  readonly dir: string
  /** The log itself, with `-wal` and `-shm` beside it while it is open. */
  readonly database: string
  /** An empty SQLite file the writer holds locked; the lock dies with the process. Never open it any other way. */
  readonly lock: string
  /** Who writes, or wrote last. Exists if and only if a log was once completed here. */
  readonly holder: string
  /** A log in the making; without meaning once its maker is gone. */
  readonly unfinished: string
}

export function logFiles(dir: string): LogFiles {
  const database = join(dir, 'log.db')
  return {
    dir,
    database,
    lock: join(dir, 'writer.lock'),
    holder: join(dir, 'writer.json'),
    unfinished: `${database}.unfinished`,
  }
}

/** Null when there is no such file. Asks for the length without opening the file: see writer-lock.ts for why that matters. */
export function sizeBytes(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null
}
