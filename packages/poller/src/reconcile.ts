import { isAsKnown } from './known-missing.ts'
import type { Recorded } from './look.ts'
import type { Range } from './range.ts'
import { readOn } from './read-on.ts'
import { rowsWantedOf, type Segment } from './read-segment.ts'
import { rowKey } from './row-key.ts'
import { secAfter } from './sec-after.ts'
import type { ComparedWindow, Session } from './session.ts'

export interface Found {
  readonly published: number
  readonly rows: number
  /** Every reading agreed with Cloud Controller's own count, but for what the ledger knows to be missing. */
  readonly complete: boolean
}

export const nothing: Found = { published: 0, rows: 0, complete: true }

/**
 * Compares Cloud Controller's count of a range with the number of guids held, and where they differ narrows it down by
 * halves and reads. One count over hours costs the server some milliseconds, reading them costs seconds.
 */
export async function reconcileByCount(session: Session, range: Range, signal: AbortSignal): Promise<Found> {
  const { fromSec, toSec } = range
  if (fromSec >= toSec) return nothing
  const shown = await session.source.countAuditEvents(range, signal)
  if (shown === session.recorder.seen.count(fromSec, toSec)) return nothing
  if (shown <= rowsWantedOf(session.source) || toSec - fromSec === 1) return readRange(session, range, signal)
  const middleSec = Math.floor((fromSec + toSec) / 2)
  const older = await reconcileByCount(session, { fromSec, toSec: middleSec }, signal)
  const newer = await reconcileByCount(session, { fromSec: middleSec, toSec }, signal)
  return sum(older, newer)
}

/** Reads a closed range whole and records what the log does not hold; narrow windows by what the log already knows. */
export async function readRange(session: Session, range: Range, signal: AbortSignal): Promise<Found> {
  let found = nothing
  const endOf = (fromSec: number) => narrow(session, fromSec, range.toSec)
  const look = session.recorder.look(range)
  try {
    for await (const segment of readOn(session, range, signal, endOf)) {
      const { fromSec, published, rows, complete } = segment
      const isWhole = isAsKnown(session.recorder.ledger, segment)
      found = sum(found, { published, rows: rows.length, complete: isWhole })
      const part = { fromSec, toSec: segment.toSec ?? range.toSec }
      const compared = compare(session, part, [segment], look.since)
      if (complete && compared.heldNotShown.length > 0) session.observer.compared?.(compared)
    }
  } finally {
    look.end()
  }
  return found
}

/**
 * Reads passed time that is older than what is in memory, and records what the log does not hold. What it holds and is not shown the
 * ledger finds.
 */
export async function readOld(session: Session, range: Range, signal: AbortSignal): Promise<Found> {
  let found = nothing
  const endOf = (fromSec: number) => Math.min(range.toSec, endByLedger(session, fromSec))
  for await (const segment of readOn(session, range, signal, endOf)) {
    const { published, rows } = segment
    const complete = isAsKnown(session.recorder.ledger, segment)
    found = sum(found, { published, rows: rows.length, complete })
  }
  return found
}

/** The end of the windows from `fromSec` on, an hour at most, that together hold about as many rows as a request should return. */
function endByLedger({ recorder: { ledger }, source }: Session, fromSec: number): number {
  let [toSec, rows] = [fromSec, 0]
  for (let windows = 0; windows < 12; windows++) {
    rows += ledger.windowOf(toSec)?.held ?? 0
    if (windows > 0 && rows > rowsWantedOf(source)) break
    toSec = ledger.rangeOf(toSec).toSec
  }
  return toSec
}

/** The end of a window that starts at `fromSec` and holds about as many rows as a request should return. */
function narrow(session: Session, fromSec: number, toSec: number): number {
  const { seen } = session.recorder
  const rows = rowsWantedOf(session.source)
  let width = toSec - fromSec
  while (width > 1 && seen.count(fromSec, fromSec + width) > rows) width = Math.ceil(width / 2)
  return fromSec + width
}

/** What the guids held say against the rows shown in a window that was read whole. `since`: what was recorded while it was. */
export function compare(
  session: Session,
  range: Range,
  segments: readonly Segment[],
  since: Recorded,
): ComparedWindow {
  const { fromSec, toSec } = range
  const shown = new Set<string>()
  for (const segment of segments) {
    let sec = segment.fromSec
    for (const row of segment.rows) {
      sec = secAfter(sec, row)
      if (sec >= fromSec && sec < toSec) shown.add(rowKey(row))
    }
  }
  const heldNotShown: string[] = []
  const { seen, checkpoint } = session.recorder
  // What is older may be hidden from who sees less since then.
  const sureFromSec = Math.max(fromSec, checkpoint.acceptedSec ?? fromSec)
  for (const guid of seen.guids(sureFromSec, toSec))
    if (!shown.has(guid) && !since.has(guid)) heldNotShown.push(guid)
  return { fromSec, toSec, shown: shown.size, heldNotShown }
}

export function sum(a: Found, b: Found): Found {
  return {
    published: a.published + b.published,
    rows: a.rows + b.rows,
    complete: a.complete && b.complete,
  }
}
