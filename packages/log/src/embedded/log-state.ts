import { asNumber, type LogDatabase } from './log-database.ts'

/**
 * Offsets have no gaps: rows `1 … lastOffset` were all written. Payloads go oldest first, so the rows
 * `prunedThrough + 1 … lastOffset` all have one, and rows up to `prunedThrough` are tombstones or deleted.
 */
export interface LogState {
  readonly lastOffset: number
  readonly prunedThrough: number
}

export function readState(database: LogDatabase): LogState {
  const row = database.row('SELECT last_offset, pruned_through FROM log_state')
  return { lastOffset: asNumber(row?.[0]), prunedThrough: asNumber(row?.[1]) }
}
