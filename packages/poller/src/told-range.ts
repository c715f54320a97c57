import type { WholesaleLoss } from './loss-event.ts'
import type { LossRun } from './loss-run.ts'
import type { ToldRange } from './told-losses.ts'

/** What is kept of a loss that is told in one event: the windows it lies in, and with how many each. */
export function toldRange(loss: WholesaleLoss, { stretches }: LossRun, atMs: number): ToldRange {
  const parts = stretches
    .filter(({ events }) => events !== null)
    .map(({ window, count }) => [window.fromSec, count] as const)
  const { kind, count, fromSec, windows } = loss
  const whole = stretches.filter(({ events }) => events === null).map(({ window }) => window)
  // Whole windows are told of whole, the empty time about their events too.
  return {
    kind,
    count,
    atMs,
    parts,
    back: 0,
    fromSec: Math.min(fromSec, ...(whole[0] === windows[0] ? [whole[0]?.fromSec ?? fromSec] : [])),
    toSec: Math.max(loss.toSec + 1, whole.at(-1) === windows.at(-1) ? (whole.at(-1)?.toSec ?? 0) : 0),
  }
}
