import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What `migrate` ends with. The key of the fingerprints is in the folder, unless it has always been configured. */
export function stepsAfterMigration(dir: string): string {
  const key = existsSync(join(dir, 'scrub.key'))
    ? 'keep the folder: it holds scrub.key, which every poller needs (DATA_DIR)'
    : 'there is no scrub.key in it: give every poller the key that was configured (SCRUB_KEY, scrub.keyFile)'
  return [
    `Moved. The log in ${dir} is marked and is not started again; ${key}.`,
    'Start poller and sink now: a place that no sink uses for seven days is forgotten by the brokers.',
  ].join('\n')
}
