import { type Ranges, subtract, union } from './range.ts'
import type { Session } from './session.ts'

/** More than any clean-up leaves: a stamp of long ago, as a broken import makes it, must not make windows of decades. */
const backMaxSec = 400 * 86_400

/**
 * What comes to be shown of the time before everything that was ever asked for, as with wider rights or a row that becomes visible
 * weeks late, is left to the catch-up to read: no window counts it, so that no verification would miss it. Only where it is
 * known that nothing of that time was ever recorded.
 * `oldestSec`: of the oldest event that Cloud Controller shows now; null: it shows none.
 */
export async function reachBack(session: Session, oldestSec: number | null): Promise<void> {
  const { recorder } = session
  const { startSec, beganSec, forgotten = [] } = recorder.checkpoint
  if (oldestSec === null || beganSec === undefined || oldestSec >= beganSec) return
  const wantedSec = recorder.ledger.rangeOf(Math.max(oldestSec, session.nowSec() - backMaxSec)).fromSec
  const fromSec = Math.max(startSec, wantedSec)
  const parts = forgotten.reduce<Ranges>(subtract, [{ fromSec, toSec: beganSec }])
  if (fromSec >= beganSec || parts.length === 0) return
  await recorder.record([], now => ({ ...now, beganSec: fromSec, unread: parts.reduce(union, now.unread) }))
}
