import type { HeldEvent } from '@cf-audit-drain/log'
import { isAsKnown } from './known-missing.ts'
import type { Range } from './range.ts'
import { readSegment } from './read-segment.ts'
import { rowKey } from './row-key.ts'
import { secAfter } from './sec-after.ts'
import type { Session } from './session.ts'

/** A replica that lags by more than this is believed. */
const lagMaxMs = 3_600_000
/** What is not known of how far the clocks are apart. */
const marginMs = 60_000

export interface Clocks {
  /** Ours. */
  readonly nowMs: number
  /** By how much Cloud Controller's is ahead of it. */
  readonly skewMs: number
}

export interface SecondLook {
  /** Of every row that came. */
  readonly keys: ReadonlySet<string>
  /** Each of the answers had a row at least as new as this. */
  readonly newestSec: number
  /** As many rows were shown as are counted. */
  readonly isWhole: boolean
  /** How many were shown in each second of the range. */
  readonly rowsIn: ReadonlyMap<number, number>
}

/** What Cloud Controller shows of a range now; null when an answer was not whole. What it shows is recorded. */
export async function secondLook(
  { source, recorder }: Session,
  range: Range,
  signal: AbortSignal,
): Promise<SecondLook | null> {
  const keys = new Set<string>()
  const rowsIn = new Map<number, number>()
  let isWhole = true
  let newestSec = Number.POSITIVE_INFINITY
  for (let { fromSec } = range; fromSec < range.toSec; ) {
    // To the open end: a row that is newer than the lost one says that the answer is not an old one.
    const segment = await readSegment(source, { fromSec }, signal)
    await recorder.record(segment.rows)
    if (segment.failure !== undefined) throw segment.failure
    if (!isAsKnown(recorder.ledger, segment)) return null
    isWhole &&= segment.complete
    const toSec = segment.toSec ?? range.toSec
    let newest = 0
    let sec = fromSec
    for (const row of segment.rows) {
      keys.add(rowKey(row))
      sec = secAfter(sec, row)
      newest = Math.max(newest, sec)
      if (sec >= fromSec && sec < toSec) rowsIn.set(sec, (rowsIn.get(sec) ?? 0) + 1)
    }
    newestSec = Math.min(newestSec, newest)
    fromSec = toSec
  }
  return { keys, newestSec, isWhole, rowsIn }
}

/**
 * Whether an answer that does not show the event is newer than the event: a row in it was created after the event had
 * come to us, or it came to us so long ago that no replica lags so far behind.
 */
export function isSure({ receivedAtMs }: HeldEvent, newestSec: number, { nowMs, skewMs }: Clocks): boolean {
  return newestSec * 1000 - skewMs > receivedAtMs + marginMs || nowMs - receivedAtMs > lagMaxMs
}
