import type { NameRecord } from '../ports.ts'
import { asText, type LogDatabase } from './log-database.ts'

const rowsAtOnce = 5_000

/** Within the transaction of a publish. */
export function keepNames(database: LogDatabase, foundation: string, names: readonly NameRecord[]): void {
  if (names.length === 0) return
  const keep = database.prepare('INSERT OR REPLACE INTO names VALUES (?, ?, ?)')
  const forget = database.prepare('DELETE FROM names WHERE foundation = ? AND key = ?')
  for (const { key, value } of names)
    if (value === null) forget.run(foundation, key)
    else keep.run(foundation, key, value)
}

export function* keptNames(database: LogDatabase, foundation: string): Generator<NameRecord> {
  for (let last = ''; ; ) {
    const rows = database.read(() =>
      database.rows(
        'SELECT key, value FROM names WHERE foundation = ? AND key > ? ORDER BY key LIMIT ?',
        foundation,
        last,
        rowsAtOnce,
      ),
    )
    for (const row of rows) {
      last = asText(row[0])
      yield { key: last, value: asText(row[1]) }
    }
    if (rows.length < rowsAtOnce) return
  }
}
