import { type LedgerState, type LedgerWindow, missingOf } from './ledger-window.ts'

/** What a ledger comes to. */
export interface LedgerVerdict {
  /** Of every window before this everything is held that Cloud Controller counts; null when of none. */
  readonly completeUpToSec: number | null
  readonly windows: {
    /** Time that has passed and was not passed by the poller counts in windows, too. */
    readonly open: number
    /** Also those that were checked again, and those of which numbers were compared. */
    readonly closed: number
    readonly short: number
    readonly expired: number
  }
  /** Those of the closed windows of which numbers were compared, and not which events they are. */
  readonly countedOnly: number
  readonly counted: number
  readonly held: number
  readonly deadLetters: number
  /** Rows that Cloud Controller counts and we do not hold, in windows that it still shows. */
  readonly missing: number
  /** Events that we hold and Cloud Controller no longer shows, though its clean-up has not reached them. */
  readonly gone: number
  /** Rows that were missing when the clean-up came: they can never be had. */
  readonly lost: number
}

/** A run of windows of one state, without a gap. */
export interface LedgerRun {
  readonly fromSec: number
  readonly toSec: number
  readonly state: LedgerState
  readonly windows: number
  readonly counted: number
  readonly held: number
  /** Among those that are held. */
  readonly deadLetters: number
  readonly missing: number
  readonly gone: number
}

/** To be fed the windows oldest first, in any number: it keeps sums, not windows. */
export class LedgerSummary {
  readonly #widthSec: number
  #firstSec: number | null = null
  #endSec = 0
  #completeUpToSec: number | null = null
  #isBroken = false
  readonly #states = new Map<LedgerState, number>()
  readonly #sums = { counted: 0, held: 0, deadLetters: 0, missing: 0, gone: 0, lost: 0 }

  /** `widthSec`: of a window, to count those that nobody wrote of. `expired`: before those that are added. */
  constructor(widthSec: number, expired = { windows: 0, lost: 0 }) {
    this.#widthSec = widthSec
    this.#states.set('expired', expired.windows)
    this.#sums.lost = expired.lost
  }

  add(window: LedgerWindow): void {
    const { fromSec, toSec, state } = window
    this.#firstSec ??= fromSec
    if (fromSec > this.#endSec && this.#endSec > 0) this.#skip(fromSec)
    this.#endSec = toSec
    this.#states.set(state, (this.#states.get(state) ?? 0) + 1)
    const missing = missingOf(window)
    this.#sums.counted += window.counted ?? 0
    this.#sums.held += window.held
    this.#sums.deadLetters += window.deadLetters
    if (state === 'expired') this.#sums.lost += missing
    else if (state === 'short') this.#sums.missing += missing
    if (state !== 'expired') this.#sums.gone += window.gone
    // Earlier versions did not say what is hidden, nor so how many are missing beside that.
    if (state === 'open' || (state === 'short' && (missing > 0 || window.gone === 0))) this.#isBroken = true
    else if (!this.#isBroken) this.#completeUpToSec = toSec
  }

  /** `throughSec`: what was not passed up to here is open. */
  verdict(throughSec: number): LedgerVerdict {
    if (this.#firstSec !== null && throughSec > this.#endSec) this.#skip(throughSec)
    const of = (state: LedgerState) => this.#states.get(state) ?? 0
    return {
      completeUpToSec: this.#completeUpToSec,
      windows: {
        open: of('open'),
        closed: of('closed') + of('re-checked') + of('counted'),
        short: of('short'),
        expired: of('expired'),
      },
      countedOnly: of('counted'),
      ...this.#sums,
    }
  }

  #skip(toSec: number): void {
    const windows = Math.ceil((toSec - this.#endSec) / this.#widthSec)
    this.#states.set('open', (this.#states.get('open') ?? 0) + windows)
    this.#isBroken = true
    this.#endSec = toSec
  }
}

/** `complete up to 2026-11-22T09:00:00Z, 3 windows open, none short` */
export function verdictSentence(verdict: LedgerVerdict): string {
  const { completeUpToSec, windows, countedOnly, missing, gone, lost } = verdict
  const short =
    windows.short === 0
      ? 'none short'
      : `${windows.short} short (${missing} counted and not held, ${gone} held and no longer shown)`
  return [
    completeUpToSec === null ? 'no window is complete yet' : `complete up to ${isoSec(completeUpToSec)}`,
    `${windows.open} ${windows.open === 1 ? 'window' : 'windows'} open`,
    short,
    ...(countedOnly === 0 ? [] : [`${countedOnly} compared by number only`]),
    ...(lost === 0 ? [] : [`${lost} counted and never had before the clean-up`]),
  ].join(', ')
}

/** Runs of windows that follow each other and have the same state; the windows oldest first. */
export function* runsOf(windows: Iterable<LedgerWindow>): Generator<LedgerRun> {
  let run: LedgerRun | null = null
  for (const window of windows) {
    const one = { ...window, counted: window.counted ?? 0, missing: missingOf(window), windows: 1 }
    if (run !== null && run.state === window.state && run.toSec === window.fromSec) run = joined(run, one)
    else {
      if (run !== null) yield run
      run = one
    }
  }
  if (run !== null) yield run
}

/** The one and, right behind it or with nothing but empty time between, the next. */
export function joined(run: LedgerRun, next: LedgerRun): LedgerRun {
  return {
    fromSec: run.fromSec,
    toSec: next.toSec,
    state: run.state,
    windows: run.windows + next.windows,
    counted: run.counted + next.counted,
    held: run.held + next.held,
    deadLetters: run.deadLetters + next.deadLetters,
    missing: run.missing + next.missing,
    gone: run.gone + next.gone,
  }
}

export function isoSec(sec: number): string {
  return new Date(sec * 1000).toISOString().replace('.000Z', 'Z')
}
