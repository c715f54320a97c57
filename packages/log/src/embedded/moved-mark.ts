import { LogMovedError } from '../log-error.ts'
import { asNumber, asText, type LogDatabase } from './log-database.ts'

/** Where this log has gone. From the moment it is written nobody goes on here. */
export interface Moved {
  readonly prefix: string
  readonly brokers: string
  /** When everything was in Kafka and compared. */
  readonly copiedAtMs: number
  /** When Kafka had the checkpoints too; null: that was interrupted. */
  readonly finishedAtMs: number | null
}

export function readMoved(database: LogDatabase): Moved | null {
  const row = database.read(() => database.row('SELECT prefix, brokers, copied_at, finished_at FROM moved'))
  if (row === undefined) return null
  const [prefix, brokers, copiedAtMs, finishedAtMs] = row
  return {
    prefix: asText(prefix),
    brokers: asText(brokers),
    copiedAtMs: asNumber(copiedAtMs),
    finishedAtMs: finishedAtMs === null ? null : asNumber(finishedAtMs),
  }
}

/** Everything is in Kafka; its checkpoints follow. */
export function markCopied(
  database: LogDatabase,
  { prefix, brokers, copiedAtMs }: Omit<Moved, 'finishedAtMs'>,
): void {
  database.transaction(() =>
    database.run('INSERT OR IGNORE INTO moved VALUES (1, ?, ?, ?, NULL)', prefix, brokers, copiedAtMs),
  )
}

export function markFinished(database: LogDatabase, finishedAtMs: number): void {
  database.transaction(() => database.run('UPDATE moved SET finished_at = ?', finishedAtMs))
}

/** @throws LogMovedError */
export function refuseMoved(database: LogDatabase): void {
  const moved = readMoved(database)
  if (moved !== null) throw movedError(database.path, moved)
}

export function movedError(
  path: string,
  { prefix, brokers, copiedAtMs, finishedAtMs }: Moved,
): LogMovedError {
  const where = `Kafka at ${brokers} (prefix ${prefix})`
  if (finishedAtMs === null)
    return new LogMovedError(
      path,
      `this log was copied to ${where} at ${iso(copiedAtMs)}, and the move was interrupted: run cf-audit-drain migrate again to finish it`,
    )
  return new LogMovedError(
    path,
    `this log was moved to ${where} at ${iso(finishedAtMs)}, and it goes on there: set KAFKA_BROKERS or log.kafka and run poller and sink. To look into what is here, use events`,
  )
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
