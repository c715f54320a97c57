import type { HeldEvent } from '@cf-audit-drain/log'
import { cleanUpTakesSec, type LossRun, mayBeCleanUp } from './loss-run.ts'
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
  readonly verifyIntervalMs: number
}

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
    { sinceSec: missedSec - slackSec(judged) - cleanUpTakesSec, untilSec: missedSec },
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
  const wasHeld = next !== null && next.receivedAtMs < judged.missedMs - slackSec(judged) * 1000
  return wasHeld ? null : 'restored'
}

/** Between losing something and missing it there is one interval, and the time that a verification takes. */
function slackSec({ verifyIntervalMs }: JudgedRun): number {
  return Math.ceil((2.2 * verifyIntervalMs) / 1000) + 60
}
