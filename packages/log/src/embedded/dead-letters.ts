import type { DeadLetter } from '../ports.ts'
import { asBytes, asNumber, asText, type LogDatabase } from './log-database.ts'

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
    .map(([foundation, origin, key, reason, raw, atMs]) => ({
      foundation: asText(foundation),
      origin: asText(origin),
      key: asText(key),
      reason: asText(reason),
      raw: asBytes(raw),
      atMs: asNumber(atMs),
    }))
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
