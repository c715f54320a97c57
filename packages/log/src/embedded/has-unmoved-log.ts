import { resolve } from 'node:path'
import { LogVersionError } from '../log-error.ts'
import { logFiles } from './log-files.ts'
import { readMoved } from './moved-mark.ts'
import { openDatabaseForReading } from './open-for-reading.ts'

/** Whether an embedded log lies in the directory that was not carried to Kafka. What cannot be read is none. */
export function hasUnmovedLog(dir: string): boolean {
  try {
    const database = openDatabaseForReading(logFiles(resolve(dir)))
    try {
      return readMoved(database) === null
    } finally {
      database.close()
    }
  } catch (error) {
    // The versions before this one could not be moved.
    return error instanceof LogVersionError && error.foundVersion < error.knownVersion
  }
}
