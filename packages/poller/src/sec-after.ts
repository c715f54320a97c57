import { type RawEvent, rawCreatedAtSec } from '@cf-audit-drain/event'

/**
 * The second of a row that is shown right after one of `sec`. One without a readable stamp has its place by the order of
 * the page, which is Cloud Controller's order of stamps: it is not older than the row before it.
 */
export function secAfter(sec: number, row: RawEvent): number {
  return rawCreatedAtSec(row) ?? sec
}

/** Those of a page that are older than `endSec`; what is shown before any stamp is of `fromSec`. */
export function rowsBefore(rows: readonly RawEvent[], endSec: number, fromSec: number): readonly RawEvent[] {
  let sec = fromSec
  return rows.filter(row => {
    sec = secAfter(sec, row)
    return sec < endSec
  })
}
