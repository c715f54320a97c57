import { type HeldEvent, ledgerWindowSec } from '@cf-audit-drain/log'
import { cleanUpTakesSec, type LossRun, mayBeCleanUp } from './loss-run.ts'
import { type PollerOptions, tileSec } from './options.ts'
import type { LossKind } from './told-losses.ts'

const daySec = 86_400
/** The clean-up of a whole day, and an hour for it to come. */
const zoneSec = daySec + 3_600
const zoneWaitMs = 26 * 3_600_000

/** A run of lost events, and what is known about it. */
export interface JudgedRun {
  readonly run: LossRun
  readonly last: HeldEvent
  /** When it was first missed: in our clock, and in Cloud Controller's. */
  readonly missedMs: number
  readonly missedSec: number
  readonly nowMs: number
  /** The beginning of what is held and has not expired. */
  readonly historyFromSec: number
  readonly retentionSec: number
  readonly intervals: LossIntervals
}

export type LossIntervals = Pick<PollerOptions, 'verifyIntervalMs' | 'overlapMs' | 'pollIntervalMs'>

/** The beginning of the history: a clean-up that keeps less than is known may have taken it, or be about to. */
export function isCleanUp(judged: JudgedRun): boolean {
  const { run, last, missedSec, missedMs, nowMs, historyFromSec, retentionSec } = judged
  if (missedSec - last.createdAtSec < daySec - cleanUpTakesSec) return false
  const isShort = missedSec - historyFromSec < retentionSec - daySec
  const isInZone = isShort && last.createdAtSec < historyFromSec + zoneSec
  if (isInZone && nowMs - missedMs < zoneWaitMs) return true
  if (run.before !== null) return false
  const firstThereSec = run.after?.events?.[0]?.createdAtSec ?? run.after?.window.toSec ?? missedSec
  return mayBeCleanUp(
    { lastLostSec: last.createdAtSec, firstThereSec },
    { sinceSec: missedSec - verifiedSec(judged.intervals) - cleanUpTakesSec, untilSec: missedSec },
  )
}

/**
 * What many events are that were lost in a row. Null: neither the beginning of the table nor its newest part, so each is
 * told by itself. `next`: the oldest that is still there after them.
 */
export function wholesaleKind(
  judged: JudgedRun,
  next: HeldEvent | null,
): Exclude<LossKind, 'event-missing'> | null {
  if (judged.run.before === null) return 'truncated'
  // What was held before the others were lost, and is newer than they: a restored database would not have it.
  const wasHeld =
    next !== null && next.receivedAtMs < judged.missedMs - missedLateSec(judged.intervals) * 1000
  return wasHeld ? null : 'restored'
}

/** Between losing something of a window that is passed and missing it: one interval, and the time that a verification takes. */
function verifiedSec({ verifyIntervalMs }: LossIntervals): number {
  return Math.ceil((2.2 * verifyIntervalMs) / 1000) + 60
}

/**
 * How long after it was lost something is missed at the latest. What was newer than the overlap, when the tail passes the rest of
 * its window; what the tail had passed of an open window, at a verification after that.
 */
export function missedLateSec(intervals: LossIntervals): number {
  const passedSec = Math.ceil((intervals.overlapMs + intervals.pollIntervalMs) / 1000)
  return ledgerWindowSec + tileSec + Math.max(passedSec, verifiedSec(intervals))
}
