import type { LedgerWindow } from '@cf-audit-drain/log'
import { isDone } from './ledger.ts'
import type { Recorder } from './recorder.ts'
import { type ToldLosses, toldOf } from './told-losses.ts'

type Watched = Pick<Recorder, 'ledger' | 'checkpoint'>

/** Passed and not expired, with anything in it; oldest first. */
export function watchedWindows({ ledger, checkpoint }: Watched): readonly LedgerWindow[] {
  return ledger.windows.filter(
    window => window.state !== 'expired' && window.held > 0 && isDone(window, checkpoint),
  )
}

/** Windows that have lost more than was told: how much, since when, and which of them were looked at to the end. */
export class SuspectedWindows {
  readonly #recorder: Watched
  readonly #told: ToldLosses
  readonly #nowMs: () => number
  /** When a window was first seen to have lost more than was told. */
  readonly #missedMs = new Map<number, number>()
  /** Windows that were looked at to the end, and how many were gone then. */
  readonly #calm = new Map<number, number>()
  #rows = 0

  constructor(recorder: Watched, told: ToldLosses, nowMs: () => number) {
    this.#recorder = recorder
    this.#told = told
    this.#nowMs = nowMs
  }

  /** Rows that are lost and not told, as of the last `due`. */
  get rows(): number {
    return this.#rows
  }

  /** Windows that have lost more than was told, or got back what was; with the number that is not told. */
  due(windows: readonly LedgerWindow[]): ReadonlyMap<number, number> {
    const { ledger, checkpoint } = this.#recorder
    const { ranges } = this.#told
    const one = this.#told.eventsByWindow(sec => ledger.rangeOf(sec).fromSec)
    const due = new Map<number, number>()
    this.#rows = 0
    for (const window of windows) {
      const { fromSec, gone } = window
      // What is not shown of it may be there, and hidden from who sees less now.
      if (fromSec < (checkpoint.acceptedSec ?? 0)) continue
      const told = (one.get(fromSec) ?? 0) + ranges.reduce((sum, range) => sum + toldOf(range, window), 0)
      const untold = gone - told
      this.#rows += Math.max(0, untold)
      if (untold <= 0) this.#missedMs.delete(fromSec)
      if (untold === 0) this.#calm.delete(fromSec)
      if (untold === 0 || this.#calm.get(fromSec) === gone) continue
      due.set(fromSec, untold)
      if (untold > 0) this.#missedMs.getOrInsertComputed(fromSec, () => this.#firstMissed(window))
    }
    return due
  }

  /** In our clock; null where nothing is missed. */
  missedMs({ fromSec }: LedgerWindow): number | null {
    return this.#missedMs.get(fromSec) ?? null
  }

  /** Looked at to the end: not again before it has lost more, or less. */
  calm({ fromSec, gone }: LedgerWindow): void {
    this.#calm.set(fromSec, gone)
  }

  /** By an earlier process perhaps: the ledger says when it was compared. */
  #firstMissed({ checkedAtMs }: LedgerWindow): number {
    return Math.min(this.#nowMs(), checkedAtMs ?? Number.POSITIVE_INFINITY)
  }
}
