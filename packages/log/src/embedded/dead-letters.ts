import { setImmediate } from 'node:timers/promises'
import type { DeadLetter } from '../ports.ts'
import { asBytes, asNumber, asText, type LogDatabase, type Row } from './log-database.ts'

/** One may have megabytes. */
const lettersAtOnce = 20
/** Those of others are passed by, and take a few microseconds each: a sink may have buried millions. */
const lookedThroughAtOnce = 1_000

/** Inside the caller's transaction. A letter already buried stays as it is. */
export function buryLetters(database: LogDatabase, letters: readonly DeadLetter[]): void {
  for (const letter of letters) {
    database.run(
      `INSERT INTO dead_letters (origin, foundation, key, reason, raw, at_ms) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (origin, foundation, key) DO NOTHING`,
      letter.origin,
      letter.foundation,
      letter.key,
      letter.reason,
      letter.raw,
      letter.atMs,
    )
  }
}

export function readLetters(database: LogDatabase, limit: number): readonly DeadLetter[] {
  return database
    .rows(
      'SELECT foundation, origin, key, reason, raw, at_ms FROM dead_letters ORDER BY id DESC LIMIT ?',
      limit,
    )
    .map(asLetter)
}

/** The oldest first; some at a time, and others have their turn. */
export async function* lettersOf(
  database: LogDatabase,
  foundation: string,
  origin: string,
  signal?: AbortSignal,
): AsyncGenerator<DeadLetter> {
  const last = asNumber(database.read(() => database.row('SELECT ifnull(max(id), 0) FROM dead_letters'))?.[0])
  // In the order of the table, whatever index there is: each look goes on where the last one ended.
  const sql = `SELECT foundation, origin, key, reason, raw, at_ms, id FROM dead_letters
    WHERE id > ? AND id <= ? AND +foundation = ? AND +origin = ? ORDER BY id LIMIT ${lettersAtOnce}`
  for (let after = 0; after < last; ) {
    signal?.throwIfAborted()
    const to = Math.min(last, after + lookedThroughAtOnce)
    const rows = database.read(() => database.rows(sql, after, to, foundation, origin))
    for (const row of rows) yield asLetter(row)
    after = rows.length < lettersAtOnce ? to : asNumber(rows.at(-1)?.[6])
    await setImmediate()
  }
}

function asLetter([foundation, origin, key, reason, raw, atMs]: Row): DeadLetter {
  return {
    foundation: asText(foundation),
    origin: asText(origin),
    key: asText(key),
    reason: asText(reason),
    raw: asBytes(raw),
    atMs: asNumber(atMs),
  }
}

export function countLetters(
  database: LogDatabase,
): readonly { readonly origin: string; readonly foundation: string; readonly count: number }[] {
  return database
    .rows('SELECT origin, foundation, count(*) FROM dead_letters GROUP BY origin, foundation ORDER BY 1, 2')
    .map(([origin, foundation, count]) => ({
      origin: asText(origin),
      foundation: asText(foundation),
      count: asNumber(count),
    }))
}
