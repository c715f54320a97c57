import type { LedgerWindow } from '@cf-audit-drain/log'
import { cleanUpTakesSec, mayBeCleanUp } from './loss-run.ts'
import type { Range } from './range.ts'

const daySec = 86_400
/** Cloud Controller's own default (`audit_events.cutoff_age_in_days`). */
export const retentionDefaultSec = 31 * daySec
/** Clocks, and the time that the clean-up takes. */
const marginSec = 60
/** The clean-up runs once a day and may fail for days, so an event that is shown may be so much older than is kept. */
export const betweenRunsSec = 7 * daySec
/** What a clean-up takes away that had less to take: less than a day's events are no sign of one. */
const signSec = daySec / 2

/**
 * Where Cloud Controller's clean-up stands, as far as it can be seen: it deletes what is older than so many days, once a
 * day, 1,000 rows at a time in no order, and nobody can be asked for how many days that is. It is taken for the default,
 * for more when older events are shown, and for less once a whole beginning of the history went away at once.
 */
export class CleanUp {
  #oldestAgeSec = 0
  #measuredSec: number | null = null
  #oldestSec: number | null = null

  /** `expired`: what the ledger tells of earlier clean-ups. */
  constructor(expired: readonly LedgerWindow[] = []) {
    for (const { checkedAtMs, toSec } of expired) {
      if (checkedAtMs === null) continue
      const ageSec = Math.floor(checkedAtMs / 1000) - toSec
      if (ageSec < retentionDefaultSec - daySec) this.#measured(ageSec)
    }
  }

  /** Nothing younger than this is deleted by the clean-up. */
  get retentionSec(): number {
    return this.#measuredSec ?? Math.max(retentionDefaultSec, this.#oldestAgeSec - betweenRunsSec)
  }

  /** The oldest event that was shown; null when none was. */
  get oldestSec(): number | null {
    return this.#oldestSec
  }

  /** What is stamped before this, the clean-up may have reached. */
  reachesSec(nowSec: number): number {
    return nowSec - this.retentionSec + marginSec
  }

  /**
   * Tells which of the windows, oldest first, the clean-up has taken away.
   * `oldestSec`: of the oldest event that Cloud Controller shows; `sinceSec`: when that was last looked for; `acceptedSec`: of the
   * time before, what is not shown may be hidden, and says nothing of how long events are kept.
   */
  reached(
    windows: readonly LedgerWindow[],
    oldestSec: number | null,
    nowSec: number,
    sinceSec = Number.NEGATIVE_INFINITY,
    acceptedSec = Number.NEGATIVE_INFINITY,
  ): readonly LedgerWindow[] {
    this.#oldestSec = oldestSec
    if (oldestSec === null) return []
    this.#oldestAgeSec = Math.max(this.#oldestAgeSec, nowSec - oldestSec)
    const before = windows.filter(({ toSec }) => toSec <= oldestSec)
    const sure = before.filter(({ fromSec }) => fromSec >= acceptedSec)
    if (isClean(sure, oldestSec, { nowSec, sinceSec }))
      this.#measured(nowSec - (sure.findLast(({ held, gone }) => held > gone)?.toSec ?? 0))
    const reachesSec = this.reachesSec(nowSec)
    return before.filter(({ toSec }) => toSec <= reachesSec)
  }

  #measured(ageSec: number): void {
    if (ageSec >= this.retentionSec) return
    this.#measuredSec = ageSec
  }
}

/**
 * All that was held of a long beginning is gone, more than a day is left, and the cut was whole days back from a moment
 * since it was last looked for: so a clean-up does it, and a person hardly.
 */
function isClean(
  before: readonly LedgerWindow[],
  oldestSec: number,
  { nowSec, sinceSec }: { readonly nowSec: number; readonly sinceSec: number },
): boolean {
  const held = before.filter(({ held, gone }) => held > gone)
  const [first, last] = [held[0], held.at(-1)]
  if (first === undefined || last === undefined || held.length < 2) return false
  const cut = { lastLostSec: last.fromSec, firstThereSec: oldestSec }
  const when = { sinceSec: sinceSec - cleanUpTakesSec, untilSec: nowSec }
  const isLong = last.toSec - first.fromSec >= signSec && nowSec - oldestSec >= daySec - marginSec
  return isLong && mayBeCleanUp(cut, when)
}

/** The contiguous ranges that the windows, oldest first, come to. */
export function spansOf(windows: readonly LedgerWindow[]): readonly (readonly LedgerWindow[])[] {
  const spans: LedgerWindow[][] = []
  for (const window of windows) {
    const span = spans.at(-1)
    if (span !== undefined && span.at(-1)?.toSec === window.fromSec) span.push(window)
    else spans.push([window])
  }
  return spans
}

/** From the first to the last of contiguous windows; there is at least one. */
export function rangeOfSpan(windows: readonly LedgerWindow[]): Range {
  return { fromSec: windows[0]?.fromSec ?? 0, toSec: windows.at(-1)?.toSec ?? 0 }
}
