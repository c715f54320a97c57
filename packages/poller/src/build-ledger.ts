import { isOwnGuid } from '@cf-audit-drain/event'
import { emptyWindow, type FoundationWriter, type LedgerWindow } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import { isDone, type Ledger } from './ledger.ts'
import { reopened } from './mend-ledger.ts'
import { type Ranges, subtract } from './range.ts'

/**
 * The ledger of a log whose checkpoint does not say that it has one: it was written before there was one, its building was
 * killed, or its checkpoint was lost. Every window that holds something, or that the checkpoint takes for passed, with what is
 * held of it and where, and open until it is compared with Cloud Controller. One pass over the log, and only numbers are
 * kept. What an older ledger says to be held and retention has taken from the log, stays said: it may not be recorded again.
 * Where there was none, nobody can say what retention has taken: `forgottenTime`.
 */
export async function buildLedger(
  ledger: Ledger,
  writer: Pick<FoundationWriter, 'places'>,
  checkpoint: Checkpoint,
  sinceSec: number,
): Promise<readonly LedgerWindow[]> {
  const windows = new Map<number, LedgerWindow>()
  let firstSec = Math.min(checkpoint.tailFromSec, ledger.windows[0]?.fromSec ?? Infinity)
  let newest = -1
  const fromSec = Math.min(sinceSec, firstSec)
  for await (const { guid, createdAtSec, offset } of writer.places(fromSec)) {
    newest = Math.max(newest, offset)
    if (isOwnGuid(guid)) continue
    const range = ledger.rangeOf(createdAtSec)
    const window = windows.get(range.fromSec) ?? emptyWindow(range)
    firstSec = Math.min(firstSec, range.fromSec)
    windows.set(range.fromSec, { ...window, held: window.held + 1, ...withPlace(window, offset, offset) })
  }
  for (const known of ledger.windows) {
    if (known.state === 'expired') windows.delete(known.fromSec)
    else if ((known.lastOffset ?? -1) <= newest)
      windows.set(known.fromSec, merged(reopened(known), windows.get(known.fromSec)))
    // The log ends before where it lay: that was lost, with its topic or its brokers, and is to be recorded again.
    else if (!windows.has(known.fromSec)) windows.set(known.fromSec, emptyWindow(known))
  }
  for (const range of ledger.rangesOf({ fromSec: firstSec, toSec: checkpoint.tailFromSec }))
    if (isDone(range, checkpoint) && !windows.has(range.fromSec) && ledger.windowOf(range.fromSec) === null)
      windows.set(range.fromSec, emptyWindow(range))
  return [...windows.values()]
}

/**
 * A clock may be wrong by this, and an event stamped ahead of its coming: the time before which events may have been removed is
 * known no better.
 */
const marginSec = 600

/** Passed time in which the log may have held more than it tells. `upToSec`: what it has removed had come by then, in Cloud Controller's clock. */
export function forgottenTime({ tailFromSec, unread }: Checkpoint, upToSec: number): Ranges {
  const passed = { fromSec: 0, toSec: Math.min(tailFromSec, Math.ceil(upToSec) + marginSec) }
  return unread.reduce(subtract, [passed])
}

function merged(known: LedgerWindow, found: LedgerWindow | undefined): LedgerWindow {
  if (found?.firstOffset == null || found.lastOffset === null) return known
  const held = Math.max(known.held, found.held)
  return { ...known, held, ...withPlace(known, found.firstOffset, found.lastOffset) }
}

function withPlace({ firstOffset, lastOffset }: LedgerWindow, first: number, last: number) {
  return {
    firstOffset: Math.min(firstOffset ?? first, first),
    lastOffset: Math.max(lastOffset ?? last, last),
  }
}
