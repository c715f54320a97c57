import { LogVersionError } from '../log-error.ts'
import { asNumber, type LogDatabase } from './log-database.ts'

/** Brings an older log to today's version, one transaction per step; refuses a newer one. */
export function migrate(database: LogDatabase, steps: readonly string[]): void {
  const known = steps.length + 1
  for (;;) {
    const found = versionOf(database)
    if (found === known) return
    const step = steps[found - 1]
    if (step === undefined) throw newer(database.path, found, known)
    database.transaction(() => {
      database.exec(step)
      database.exec(`PRAGMA user_version = ${found + 1}`)
    })
  }
}

/** A reader changes nothing, so it asks for exactly its own version. */
export function requireVersion(database: LogDatabase, known: number): void {
  const found = versionOf(database)
  if (found > known) throw newer(database.path, found, known)
  if (found < known) {
    throw new LogVersionError(
      database.path,
      found,
      known,
      'Start this program once: it upgrades the log, then look again.',
    )
  }
}

export function versionOf(database: LogDatabase): number {
  return asNumber(database.row('PRAGMA user_version')?.[0])
}

function newer(path: string, found: number, known: number): LogVersionError {
  return new LogVersionError(
    path,
    found,
    known,
    'Nothing was changed. Use the version of this program that wrote it, or a newer one.',
  )
}
