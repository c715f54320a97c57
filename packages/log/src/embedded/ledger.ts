import type { FoundationWindow, LedgerQuery, LedgerWindow } from '../ledger/ledger-window.ts'
import { ledgerStates } from '../ledger/ledger-window.ts'
import { asNumber, asText, type LogDatabase, type Row } from './log-database.ts'

const windowsPerLook = 2_000

/** Inside the caller's transaction. */
export function writeWindows(
  database: LogDatabase,
  foundation: string,
  windows: readonly LedgerWindow[],
): void {
  const insert = database.prepare(
    'INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  for (const window of windows)
    insert.run(
      foundation,
      window.fromSec,
      window.toSec,
      window.state,
      window.counted,
      window.held,
      window.deadLetters,
      window.gone,
      window.digest,
      window.firstOffset,
      window.lastOffset,
      window.checkedAtMs,
      window.hidden,
    )
}

/** By foundation, oldest first; some at a time, none of the reads is held open. */
export function* readWindows(database: LogDatabase, query: LedgerQuery): Generator<FoundationWindow> {
  const where = [
    '(foundation, from_sec) > (?, ?)',
    'to_sec > ?',
    'from_sec < ?',
    ...(query.foundation === undefined ? [] : ['foundation = ?']),
  ]
  const sql = `SELECT * FROM ledger WHERE ${where.join(' AND ')} ORDER BY foundation, from_sec LIMIT ${windowsPerLook}`
  const bounds = [query.fromSec ?? Number.MIN_SAFE_INTEGER, query.toSec ?? Number.MAX_SAFE_INTEGER]
  const filters = query.foundation === undefined ? bounds : [...bounds, query.foundation]
  let last: readonly [string, number] = ['', Number.MIN_SAFE_INTEGER]
  for (;;) {
    const [foundation, fromSec] = last
    const rows = database.read(() => database.rows(sql, foundation, fromSec, ...filters))
    for (const row of rows) yield asWindow(row)
    const end = rows.at(-1)
    if (end === undefined || rows.length < windowsPerLook) return
    last = [asText(end[0]), asNumber(end[1])]
  }
}

function asWindow(row: Row): FoundationWindow {
  const state = ledgerStates.find(one => one === row[3])
  if (state === undefined) throw new TypeError(`a state of the ledger was expected, not ${String(row[3])}`)
  return {
    foundation: asText(row[0]),
    fromSec: asNumber(row[1]),
    toSec: asNumber(row[2]),
    state,
    counted: orNull(row[4], asNumber),
    held: asNumber(row[5]),
    deadLetters: asNumber(row[6]),
    gone: asNumber(row[7]),
    digest: orNull(row[8], asText),
    firstOffset: orNull(row[9], asNumber),
    lastOffset: orNull(row[10], asNumber),
    checkedAtMs: orNull(row[11], asNumber),
    hidden: asNumber(row[12]),
  }
}

function orNull<T>(value: Row[number] | undefined, as: (value: Row[number] | undefined) => T): T | null {
  return value === null ? null : as(value)
}
