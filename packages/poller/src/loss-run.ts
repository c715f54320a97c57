import type { LedgerWindow } from '@cf-audit-drain/log'
import type { HeldRow } from './held-rows.ts'

/** A piece of what is held, in the order of time: all of it lost at its source, or none. */
export interface Stretch {
  readonly isLost: boolean
  readonly window: LedgerWindow
  readonly count: number
  /** Its rows where they were looked up; else all of its window. */
  readonly events: readonly HeldRow[] | null
}

/** Lost without anything between that is still there. */
export interface LossRun {
  readonly stretches: readonly Stretch[]
  readonly count: number
  /** The newest and the oldest piece that is still there before and after it. */
  readonly before: Stretch | null
  readonly after: Stretch | null
}

/** A window of which a part is lost, cut where lost events and those still there meet. */
export function stretchesOf(
  window: LedgerWindow,
  events: readonly HeldRow[],
  isLost: (guid: string) => boolean,
  startsLost: boolean,
): readonly Stretch[] {
  const stretches: { isLost: boolean; window: LedgerWindow; count: number; events: HeldRow[] }[] = []
  const bySecond = Map.groupBy(events, ({ createdAtSec }) => createdAtSec)
  for (const sec of [...bySecond.keys()].sort((a, b) => a - b)) {
    const [lost = [], there = []] = parted(bySecond.get(sec) ?? [], isLost)
    // Within a second nobody knows the order: what goes on comes first.
    const goesOn = stretches.at(-1)?.isLost ?? startsLost
    for (const partIsLost of [goesOn, !goesOn]) {
      const part = partIsLost ? lost : there
      if (part.length === 0) continue
      const last = stretches.at(-1)
      if (last?.isLost === partIsLost) {
        last.count += part.length
        last.events.push(...part)
      } else stretches.push({ isLost: partIsLost, window, count: part.length, events: [...part] })
    }
  }
  return stretches
}

function parted(events: readonly HeldRow[], isLost: (guid: string) => boolean): HeldRow[][] {
  const [lost, there]: HeldRow[][] = [[], []]
  for (const event of events) (isLost(event.guid) ? lost : there)?.push(event)
  return [lost ?? [], there ?? []]
}

export function runsOf(stretches: readonly Stretch[]): readonly LossRun[] {
  const runs: LossRun[] = []
  let open: { stretches: Stretch[]; count: number; before: Stretch | null } | null = null
  let before: Stretch | null = null
  for (const stretch of stretches) {
    if (stretch.isLost) {
      open ??= { stretches: [], count: 0, before }
      open.stretches.push(stretch)
      open.count += stretch.count
      continue
    }
    if (open !== null) runs.push({ ...open, after: stretch })
    open = null
    before = stretch
  }
  if (open !== null) runs.push({ ...open, after: null })
  return runs
}

/** A part of its window is lost, and which was not looked up. */
export function isUnread({ isLost, window, events }: Stretch): boolean {
  return isLost && events === null && window.gone < window.held
}

const daySec = 86_400
/** From the moment that a clean-up counts its days back from until it has deleted the last row. */
export const cleanUpTakesSec = 3_600

/**
 * Whether a clean-up after whole days may have made the cut, at some moment of `[sinceSec, untilSec]`: everything before
 * it is lost, and what is there after it is younger.
 */
export function mayBeCleanUp(
  cut: { readonly lastLostSec: number; readonly firstThereSec: number },
  { sinceSec, untilSec }: { readonly sinceSec: number; readonly untilSec: number },
): boolean {
  const daysMin = Math.max(1, Math.ceil((sinceSec - cut.firstThereSec) / daySec))
  return daysMin * daySec <= untilSec - cut.lastLostSec
}
