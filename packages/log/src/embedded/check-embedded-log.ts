import { resolve } from 'node:path'
import { guidKey } from '../guid-key.ts'
import { asNumber, asText, type LogDatabase } from './log-database.ts'
import { logFiles, sizeBytes } from './log-files.ts'
import { readState } from './log-state.ts'
import { versionOf } from './migrate.ts'
import { refuseMoved } from './moved-mark.ts'
import { openDatabaseForReading } from './open-for-reading.ts'

/** What a full check found. `problems` is empty when all is well; null is what could not be read for damage. */
export interface EmbeddedLogReport {
  readonly path: string
  readonly version: number
  /** The file and its write-ahead log. */
  readonly sizeBytes: number
  /** Events with their payload. */
  readonly events: number | null
  /** Guids whose payload was pruned. */
  readonly tombstones: number | null
  readonly newestOffset: number | null
  readonly newestCreatedAtSec: number | null
  readonly newestReceivedAtMs: number | null
  readonly sinks: number | null
  readonly problems: readonly string[]
}

/**
 * Reads the whole log (seconds per gigabyte), beside a writer or without. What stands in its pages goes into
 * `problems`; a log that cannot be opened at all throws as `openEmbeddedLog` does.
 */
export async function checkEmbeddedLog(dir: string): Promise<EmbeddedLogReport> {
  const files = logFiles(resolve(dir))
  const database = openDatabaseForReading(files)
  try {
    refuseMoved(database)
    const size = (sizeBytes(files.database) ?? 0) + (sizeBytes(`${files.database}-wal`) ?? 0)
    return database.snapshot(() => look(database, size))
  } finally {
    database.close()
  }
}

function look(database: LogDatabase, size: number): EmbeddedLogReport {
  const problems: string[] = []
  const tolerate = <T>(work: () => T): T | null => {
    try {
      return work()
    } catch (error) {
      problems.push((error as Error).message)
      return null
    }
  }
  const count = (sql: string) => tolerate(() => asNumber(database.row(sql)?.[0]))
  const newest = tolerate(() =>
    database.row('SELECT created_at, received_at FROM events ORDER BY offset DESC LIMIT 1'),
  )
  const report = {
    path: database.path,
    version: versionOf(database),
    sizeBytes: size,
    events: count('SELECT count(*) FROM events WHERE record IS NOT NULL'),
    tombstones: count('SELECT count(*) FROM events WHERE record IS NULL'),
    newestOffset: tolerate(() => readState(database).lastOffset),
    newestCreatedAtSec: newest == null ? null : asNumber(newest[0]),
    newestReceivedAtMs: newest == null ? null : asNumber(newest[1]),
    sinks: count('SELECT count(*) FROM cursors'),
  }
  for (const find of [pageProblems, rowProblems, guidProblems])
    problems.push(...(tolerate(() => find(database)) ?? []))
  return { ...report, problems: [...new Set(problems)] }
}

function pageProblems(database: LogDatabase): readonly string[] {
  const said = database.rows('PRAGMA integrity_check').map(row => asText(row[0]))
  return said.length === 1 && said[0] === 'ok' ? [] : said
}

/** What holds between the tables, beyond what SQLite checks. */
const rules: readonly { readonly sql: string; readonly problem: string }[] = [
  {
    sql: 'SELECT count(*) FROM events, log_state WHERE offset > last_offset',
    problem: 'events have an offset beyond the counter',
  },
  {
    sql: 'SELECT count(*) FROM events, log_state WHERE offset <= pruned_through AND record IS NOT NULL',
    problem: 'events count as pruned and have a payload',
  },
  {
    sql: 'SELECT last_offset - pruned_through - (SELECT count(*) FROM events WHERE offset > pruned_through AND record IS NOT NULL) FROM log_state',
    problem: 'events are missing between the oldest kept and the newest',
  },
  {
    sql: 'SELECT count(*) FROM cursors, log_state WHERE offset > last_offset',
    problem: 'cursors are ahead of the events',
  },
  {
    sql: 'SELECT count(*) FROM cursors, log_state WHERE offset < 0',
    problem: 'cursors are negative',
  },
  {
    sql: 'SELECT count(*) FROM events LEFT JOIN foundations ON name = foundation WHERE id IS NULL',
    problem: 'events belong to a foundation the log does not know',
  },
  {
    sql: `SELECT abs((SELECT ifnull(sum(count), 0) FROM tallies) - last_offset) FROM log_state`,
    problem: 'events are missing in the tallies, or too many',
  },
]

function rowProblems(database: LogDatabase): readonly string[] {
  return rules.flatMap(({ sql, problem }) => {
    const found = asNumber(database.row(sql)?.[0])
    return found === 0 ? [] : [`${found} ${problem}`]
  })
}

function guidProblems(database: LogDatabase): readonly string[] {
  const total = asNumber(database.row('SELECT count(*) FROM events')?.[0])
  const keys = asNumber(
    database.row('SELECT (SELECT count(*) FROM guids) + (SELECT count(*) FROM guids_recent)')?.[0],
  )
  const inBoth = asNumber(
    database.row('SELECT count(*) FROM guids JOIN guids_recent USING (foundation, key)')?.[0],
  )
  const find = database.prepare(
    'SELECT EXISTS (SELECT 1 FROM guids WHERE foundation = ?1 AND key = ?2) + EXISTS (SELECT 1 FROM guids_recent WHERE foundation = ?1 AND key = ?2)',
  )
  let missing = 0
  const guids = database.prepare('SELECT id, guid FROM events JOIN foundations ON name = foundation')
  for (const row of guids.iterate() as unknown as Iterable<readonly [number, string]>) {
    const found = find.get(row[0], guidKey(row[1])) as unknown as readonly [number]
    if (found[0] === 0) missing++
  }
  return [
    ...(missing === 0 ? [] : [`${missing} events are missing in the index of guids`]),
    ...(inBoth === 0 ? [] : [`${inBoth} guids are twice in the index of guids`]),
    ...(keys === total ? [] : [`the index of guids has ${keys} entries for ${total} events`]),
  ]
}
