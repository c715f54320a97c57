import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { LogDamagedError, LogMissingError } from '../log-error.ts'
import { refuseWithoutHeader, requireApplicationId, requireTables } from './examine-database.ts'
import { explained, explainStorageError, isUnopenable, restoreRemedy } from './explain-storage-error.ts'
import { LogDatabase } from './log-database.ts'
import { type LogFiles, sizeBytes } from './log-files.ts'
import { requireVersion } from './migrate.ts'
import { schemaVersion } from './schema.ts'

const busyTimeoutMs = 5_000

/** Opens the log beside its writer, or without one; takes no lock that a writer would mind. */
export function openDatabaseForReading(files: LogFiles): LogDatabase {
  refuseMissing(files)
  const database = connect(files.database)
  try {
    database.read(() => {
      requireApplicationId(database)
      requireVersion(database, schemaVersion)
      requireTables(database)
    })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function refuseMissing(files: LogFiles): void {
  const size = explained(files.database, () => sizeBytes(files.database))
  if (size === null) {
    if (!existsSync(files.holder)) throw new LogMissingError(files.dir)
    throw new LogDamagedError(
      files.database,
      `the file is gone, but ${files.holder} shows that a log was here`,
      restoreRemedy,
    )
  }
  refuseWithoutHeader(files.database, size)
}

function connect(path: string): LogDatabase {
  try {
    const connection = new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs })
    try {
      connection.prepare('SELECT 1 FROM sqlite_schema').get()
      return new LogDatabase(path, connection)
    } catch (error) {
      connection.close()
      throw error
    }
  } catch (error) {
    if (isUnopenable(error) && (sizeBytes(`${path}-wal`) ?? 0) === 0) return new StillDatabase(path)
    throw explainStorageError(error, path)
  }
}

/**
 * A reader without write permission cannot make the `-shm` file that WAL needs. While no writer runs the file stands
 * still and can be read as it is (`immutable`); so each look is taken again, the ordinary way, if a writer came meanwhile.
 */
class StillDatabase extends LogDatabase {
  #still = true
  readonly #seen: string

  constructor(path: string) {
    const url = pathToFileURL(path)
    url.searchParams.set('immutable', '1')
    super(path, new DatabaseSync(url, { readOnly: true }))
    this.#seen = stamp(path)
  }

  override read<T>(work: () => T): T {
    if (!this.#still) return super.read(work)
    const looked = attempt(() => super.read(work))
    if (stamp(this.path) === this.#seen) return looked()
    this.#still = false
    this.replaceConnection(new DatabaseSync(this.path, { readOnly: true, timeout: busyTimeoutMs }))
    return super.read(work)
  }
}

function attempt<T>(work: () => T): () => T {
  try {
    const result = work()
    return () => result
  } catch (error) {
    return () => {
      throw error
    }
  }
}

function stamp(path: string): string {
  const { ino, size, mtimeNs } = statSync(path, { bigint: true })
  return `${ino} ${size} ${mtimeNs} ${existsSync(`${path}-wal`)}`
}
