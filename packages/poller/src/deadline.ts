import { type LedgerWindow, missingOf } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'

/** When Cloud Controller's clean-up deletes the oldest event that may be there and is not held. Its clock, seconds. */
export interface Deadline {
  /** Nothing that is not held is older. */
  readonly oldestUnheldSec: number
  readonly leftSec: number
}

/** A tail this far back is in its daily work, not behind. */
const tailSec = 3_600

/**
 * Null when nothing is waited for: every window that was passed is held, and the tail is at its place.
 *
 * `source`: the oldest event that Cloud Controller shows, null when that is not known, and how long it keeps one.
 */
export function deadlineOf(
  { unread, tailFromSec }: Checkpoint,
  windows: readonly LedgerWindow[],
  source: { readonly oldestSec: number | null; readonly retentionSec: number },
  nowSec: number,
): Deadline | null {
  const unheld = windows.filter(window => window.state !== 'expired' && missingOf(window) > 0)
  const froms = [
    ...unread.map(({ fromSec }) => fromSec),
    ...unheld.map(({ fromSec }) => fromSec),
    ...(nowSec - tailFromSec > tailSec ? [tailFromSec] : []),
  ]
  if (froms.length === 0) return null
  const oldestUnheldSec = Math.max(Math.min(...froms), source.oldestSec ?? 0)
  return { oldestUnheldSec, leftSec: Math.max(0, oldestUnheldSec + source.retentionSec - nowSec) }
}
