import { isOwnGuid } from '@cf-audit-drain/event'
import { emptyWindow, type FoundationWriter, type LedgerWindow } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import { isDone, type Ledger } from './ledger.ts'

/**
 * The ledger of a log that was written before there was one: every window that the poller has passed, with what is held
 * of it and where, and open until it is compared with Cloud Controller. One pass over the log, and only numbers are kept.
 */
export async function buildLedger(
  ledger: Ledger,
  writer: FoundationWriter,
  checkpoint: Checkpoint,
  sinceSec: number,
): Promise<readonly LedgerWindow[]> {
  const windows = new Map<number, LedgerWindow>()
  let firstSec = checkpoint.tailFromSec
  for await (const { guid, createdAtSec, offset } of writer.places(sinceSec)) {
    if (isOwnGuid(guid)) continue
    const range = ledger.rangeOf(createdAtSec)
    const window = windows.get(range.fromSec) ?? emptyWindow(range)
    firstSec = Math.min(firstSec, range.fromSec)
    windows.set(range.fromSec, {
      ...window,
      held: window.held + 1,
      firstOffset: Math.min(window.firstOffset ?? offset, offset),
      lastOffset: Math.max(window.lastOffset ?? offset, offset),
    })
  }
  for (const range of ledger.rangesOf({ fromSec: firstSec, toSec: checkpoint.tailFromSec }))
    if (isDone(range, checkpoint) && !windows.has(range.fromSec))
      windows.set(range.fromSec, emptyWindow(range))
  return [...windows.values()]
}
