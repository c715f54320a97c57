import { existsSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import {
  checkEmbeddedLog,
  LogDamagedError,
  LogMissingError,
  LogStorageError,
  openEmbeddedLog,
} from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'

/** Reads the whole log, which blocks the process meanwhile. Throws what `start` would throw of it. */
export async function checkLog(dir: string, clock: Clock): Promise<string> {
  try {
    const { path, events, sizeBytes, newestCreatedAtSec, problems } = await checkEmbeddedLog(dir)
    if (problems.length > 0) throw await damage(dir, path, problems, clock)
    await existingParent(resolve(dir))
    const newest =
      newestCreatedAtSec === null
        ? ''
        : `, the newest of ${new Date(newestCreatedAtSec * 1000).toISOString()}`
    return `${dir}: sound, ${events} events${newest}, ${Math.ceil(sizeBytes / 1024)} KiB`
  } catch (error) {
    if (!(error instanceof LogMissingError)) throw error
    return `${dir}: will be made at the first start in ${await existingParent(resolve(dir))}`
  }
}

/** The problems are SQLite's own lines; what an ordinary reader meets is in an operator's words, as `start` says it. */
async function damage(dir: string, path: string, problems: readonly string[], clock: Clock): Promise<Error> {
  try {
    const log = await openEmbeddedLog({ dir, clock, mode: 'read' })
    try {
      await log.tallies()
      await log.positions()
      const records = log.events({})[Symbol.asyncIterator]()
      while (!(await records.next()).done);
    } finally {
      await log.close()
    }
  } catch (error) {
    if (error instanceof LogDamagedError) return error
  }
  const more = problems.length > 3 ? `; and ${problems.length - 3} more` : ''
  return new LogDamagedError(
    path,
    `the parts of the log do not fit together (${problems.slice(0, 3).join('; ')}${more})`,
    'Nothing was changed. Keep the whole directory, and go on with "The log is damaged" in docs/runbook.md',
  )
}

/** The nearest folder there is. It must let us make the rest, which is tried with a folder that is removed at once. */
async function existingParent(dir: string): Promise<string> {
  if (!existsSync(dir)) return existingParent(dirname(dir))
  try {
    await rmdir(await mkdtemp(join(dir, '.cf-audit-drain-check-')))
    return dir
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new LogStorageError(
      dir,
      code === 'EROFS' ? 'read-only' : 'unreadable',
      `nothing can be written here (${code}): give this user the right, or set log.dir (DATA_DIR) elsewhere`,
    )
  }
}
