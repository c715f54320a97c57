import { joined, type LedgerRun, runsOf } from './ledger-verdict.ts'
import { type LedgerState, type LedgerWindow, ledgerWindowSec } from './ledger-window.ts'

/** Runs of one state, with what lies between them and holds nothing. */
export interface LedgerSpan extends LedgerRun {
  /** Windows in it that are not counted among its own: nothing is held there, nothing counted; open only where the run is. */
  readonly empty: number
}

/**
 * What people read: windows that follow each other and have the same state, in one. Windows in which nothing happened do not part
 * them: after all of a quiet foundation's events are gone, every second window is short, and during a backfill nobody has written
 * yet of every second one that is open. The windows oldest first.
 */
export function* spansOf(windows: Iterable<LedgerWindow>): Generator<LedgerSpan> {
  let span: LedgerSpan | null = null
  let between: LedgerRun[] = []
  for (const run of runsOf(windows)) {
    const endSec: number | undefined = between.at(-1)?.toSec ?? span?.toSec
    const isNext = run.fromSec === endSec
    // What nobody has passed yet and nobody has written of is open, too.
    const isOpen = run.state === 'open' && span?.state === 'open' && between.length === 0
    if (span !== null && (isNext || isOpen) && run.state === span.state) {
      const unwritten = Math.ceil((run.fromSec - (endSec ?? run.fromSec)) / ledgerWindowSec)
      const empty: number = between.reduce((sum, one) => sum + one.windows, span.empty + unwritten)
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
