import { ledgerWindowSec } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import { betweenRunsSec, retentionDefaultSec } from './clean-up.ts'
import { oldestShown } from './oldest-shown.ts'
import { longestMs, type PollerOptions, tileSec } from './options.ts'

/** How far back events may be that are not shown yet: for as long as Cloud Controller keeps them by default, and a week that its clean-up was late. */
const unseenSec = retentionDefaultSec + betweenRunsSec

/**
 * Where a foundation begins that was never polled. `oldestSec`: of the oldest event that Cloud Controller shows; null: it
 * shows none, be it that there is none or that this identity is not to see them yet.
 */
export function firstCheckpoint(
  options: PollerOptions,
  oldestSec: number | null,
  { nowSec, writtenMs }: { readonly nowSec: number; readonly writtenMs: number },
): Checkpoint {
  const { startFrom, overlapMs } = options
  const recentSec = Math.floor((nowSec - Math.ceil(overlapMs / 1000)) / tileSec) * tileSec
  const tailFromSec = typeof startFrom === 'number' ? Math.max(recentSec, startFrom) : recentSec
  const wantedSec = typeof startFrom === 'number' ? startFrom : 0
  // A whole window of the ledger: before its oldest event there is nothing.
  const windowSec = Math.floor((oldestSec ?? nowSec - unseenSec) / ledgerWindowSec) * ledgerWindowSec
  const fromSec = startFrom === 'now' ? tailFromSec : Math.max(wantedSec, windowSec)
  const oldest = oldestShown(undefined, oldestSec, nowSec)
  return {
    startSec: startFrom === 'now' ? tailFromSec : wantedSec,
    baselineSec: tailFromSec,
    tailFromSec,
    unread: fromSec < tailFromSec ? [{ fromSec, toSec: tailFromSec }] : [],
    settledSec: Math.max(fromSec, recentSec - Math.ceil(longestMs(options) / 1000)),
    closedWindows: 0,
    writtenMs,
    beganSec: fromSec,
    ...(oldest && { oldest }),
  }
}
