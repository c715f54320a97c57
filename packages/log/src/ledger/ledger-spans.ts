import { joined, type LedgerRun, runsOf } from './ledger-verdict.ts'
import type { LedgerState, LedgerWindow } from './ledger-window.ts'

/** Runs of one state, with what lies between them and holds nothing. */
export interface LedgerSpan extends LedgerRun {
  /** Windows in it that are not of its state: nothing is held there, nothing counted, nothing open. */
  readonly empty: number
}

/**
 * What people read: windows that follow each other and have the same state, in one. Windows in which nothing happened do not part
 * them: after all of a quiet foundation's events are gone, every second window is short. The windows oldest first.
 */
export function* spansOf(windows: Iterable<LedgerWindow>): Generator<LedgerSpan> {
  let span: LedgerSpan | null = null
  let between: LedgerRun[] = []
  for (const run of runsOf(windows)) {
    const endSec: number | undefined = between.at(-1)?.toSec ?? span?.toSec
    const isNext = run.fromSec === endSec
    if (span !== null && isNext && run.state === span.state) {
      const empty: number = between.reduce((sum, one) => sum + one.windows, span.empty)
      span = { ...joined(span, run), empty }
      between = []
    } else if (span !== null && isNext && isEmpty(run)) between.push(run)
    else {
      if (span !== null) yield span
      yield* between.map(alone)
      span = alone(run)
      between = []
    }
  }
  if (span !== null) yield span
  yield* between.map(alone)
}

function alone(run: LedgerRun): LedgerSpan {
  return { ...run, empty: 0 }
}

const settled: ReadonlySet<LedgerState> = new Set(['closed', 're-checked', 'counted'])

function isEmpty({ state, counted, held }: LedgerRun): boolean {
  return settled.has(state) && counted + held === 0
}
