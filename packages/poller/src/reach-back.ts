import { type Ranges, subtract, union } from './range.ts'
import type { Session } from './session.ts'

/**
 * What comes to be shown of the time before everything that was ever asked for, as with wider rights or a row that becomes visible
 * weeks late, is left to the catch-up to read: no window counts it, so that no verification would miss it.
 * `oldestSec`: of the oldest event that Cloud Controller shows now; null: it shows none.
 */
export async function reachBack({ recorder }: Session, oldestSec: number | null): Promise<void> {
  const { ledger, checkpoint } = recorder
  const { startSec, unread, tailFromSec } = checkpoint
  const firstSec = Math.min(ledger.firstSec ?? tailFromSec, unread[0]?.fromSec ?? tailFromSec, tailFromSec)
  if (oldestSec === null || oldestSec >= firstSec) return
  const fromSec = Math.max(startSec, ledger.rangeOf(oldestSec).fromSec)
  if (fromSec >= firstSec) return
  // What was passed before there was a ledger, and removed from the log, is not to be recorded a second time.
  const parts = (checkpoint.forgotten ?? []).reduce<Ranges>(subtract, [{ fromSec, toSec: firstSec }])
  if (parts.length === 0) return
  await recorder.record([], now => ({ ...now, unread: parts.reduce(union, now.unread) }))
}
