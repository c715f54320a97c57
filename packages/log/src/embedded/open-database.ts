import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LogDamagedError } from '../log-error.ts'
import { createDatabase } from './create-database.ts'
import { examineDatabase, refuseForeign } from './examine-database.ts'
import { explained, restoreRemedy } from './explain-storage-error.ts'
import { LogDatabase } from './log-database.ts'
import type { LogFiles } from './log-files.ts'
import { migrate } from './migrate.ts'
import { migrations } from './schema.ts'

export type Synchronous = 'full' | 'normal'

/** How long a statement waits for a lock of a foreign program before it gives up. */
const busyTimeoutMs = 5_000
const cacheKiB = 16_000
/** Pages in the write-ahead log before they are written home: at 2,000 a hot page of the guid index is written once, not ten times. */
const checkpointPages = 2_000
const keptWalBytes = 64 * 1024 * 1024

/** Opens the log for its one writer, making it on the first start. Needs the writer lock. */
export function openDatabaseForWriting(files: LogFiles, synchronous: Synchronous): LogDatabase {
  if (existsSync(files.database)) refuseForeign(files.database)
  else createWhereNoneWas(files)
  const database = connect(files.database)
  try {
    database.read(() => {
      database.exec(`PRAGMA synchronous = ${synchronous}`)
      database.exec(`PRAGMA cache_size = -${cacheKiB}`)
      database.exec('PRAGMA temp_store = MEMORY')
      database.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`)
      database.exec(`PRAGMA journal_size_limit = ${keptWalBytes}`)
      migrate(database, migrations)
      examineDatabase(database, isAllHome(database))
    })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

export function makeDirectory(dir: string): void {
  if (existsSync(dir)) return
  const parent = dirname(dir)
  // Not mkdirSync's own recursion: it never ends where the parent is there and takes no folders, as in /proc.
  if (parent !== dir) makeDirectory(parent)
  explained(dir, () => mkdirSync(dir, { mode: 0o700 }))
}

/** Traces of a log without the log mean that it was lost, and an empty one in its place would hide it. */
function createWhereNoneWas(files: LogFiles): void {
  for (const trace of [`${files.database}-wal`, files.holder]) {
    if (!existsSync(trace)) continue
    throw new LogDamagedError(
      files.database,
      `the file is gone, but ${trace} shows that a log was here`,
      `${restoreRemedy} (the whole directory, not only the file)`,
    )
  }
  rmSync(`${files.database}-shm`, { force: true })
  createDatabase(files)
}

/** Writes the write-ahead log home; false when a reader that is still looking at an older state prevents it. */
function isAllHome(database: LogDatabase): boolean {
  const [, inLog, home] = database.row('PRAGMA wal_checkpoint(PASSIVE)') ?? []
  return inLog === home
}

function connect(path: string): LogDatabase {
  return explained(path, () => new LogDatabase(path, new DatabaseSync(path, { timeout: busyTimeoutMs })))
}
