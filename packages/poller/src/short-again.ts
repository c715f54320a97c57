import { type LedgerWindow, missingOf } from '@cf-audit-drain/log'
import { spansOf } from './clean-up.ts'
import { expected } from './window-batches.ts'

/** Windows that miss rows are read at every verification for so long. */
const hourMs = 3_600_000
/** And then again after this, so that an hour is kept whatever a verification takes. */
const againMs = 45 * 60_000
/** So many are read each by itself: only so it is known which of them misses how many. */
const aloneAtOnce = 3
/** A day is read together at most, for what is held there is read out of the log. */
const windowsMax = 288
/** More losses than these are counted several at once, with what lies between: a count each in the time is a tenth of a verification. */
const lossesMax = 8

type Span = readonly LedgerWindow[]

interface Tried {
  readonly firstMs: number
  aloneMs: number
  lastMs: number
}

/** Of so many that have a turn each in a time, how many have it now. */
class Turns {
  #left = 0

  take(all: number, shareOfTime: number): number {
    const turns = Math.min(all, this.#left + all * shareOfTime)
    this.#left = turns % 1
    return Math.floor(turns)
  }
}

/**
 * Which short windows are due again: what was missing may be shown now, and what was gone be back, and if as much has gone elsewhere the
 * sum of all does not tell. Each is looked at within the hour, and not all of them in one verification.
 */
export class ShortAgain {
  readonly #missing = new Map<number, Tried>()
  readonly #lossMs = new Map<number, number>()
  readonly #turns = { alone: new Turns(), together: new Turns(), losses: new Turns() }
  #nowMs: number | null = null
  /** Since turns were taken, of the time in which each has its turn. */
  #share = 0

  /** A verification begins. It may fail before any turn is taken. */
  begin(nowMs: number): void {
    const passedMs = nowMs - (this.#nowMs ?? nowMs)
    if (passedMs < 0) this.#forget()
    this.#share = Math.min(1, this.#share + Math.max(0, passedMs) / againMs)
    this.#nowMs = nowMs
  }

  /** Those that were due have had their turn, as far as there was time for it. */
  end(): void {
    this.#share = 0
  }

  /** The clock was put back: what was looked at just now would seem to be the last for long. */
  #forget(): void {
    this.#missing.clear()
    this.#lossMs.clear()
  }

  /**
   * Windows that miss rows, each span to be read; the first are to be read first, if there is time for some only. `passed`: oldest first.
   * `rowsMax`: so many are read together, from one that misses rows to another, with what lies between.
   */
  due(passed: Span, rowsMax: number): readonly Span[] {
    const nowMs = this.#nowMs ?? 0
    const short = passed.filter(missesRows)
    keepOnly(this.#missing, short)
    const tried = ({ fromSec }: LedgerWindow) =>
      this.#missing.getOrInsertComputed(fromSec, () => {
        // It has just been read, or else a process has begun that need not read them all at once.
        return { firstMs: nowMs, aloneMs: Number.NEGATIVE_INFINITY, lastMs: nowMs }
      })
    const byTurn = short.toSorted((a, b) => tried(a).aloneMs - tried(b).aloneMs)
    const isNew = (window: LedgerWindow) => nowMs - tried(window).firstMs <= hourMs
    const others = byTurn.filter(window => !isNew(window))
    const turns = Math.min(aloneAtOnce, this.#turns.alone.take(others.length, this.#share))
    const isTooMuch = short.length * this.#share > aloneAtOnce
    const groups = isTooMuch ? togetherOf(passed, rowsMax) : []
    const lastMs = (group: Span) => Math.min(...group.filter(missesRows).map(one => tried(one).lastMs))
    const inTurn = groups.toSorted((a, b) => lastMs(a) - lastMs(b))
    const together = inTurn.slice(0, this.#turns.together.take(groups.length, this.#share))
    const alone = (windows: Span) => windows.map(window => [window])
    // New ones last, which are read every time: else a few large ones would use the time of all others up.
    const young = byTurn.filter(isNew).slice(0, aloneAtOnce)
    return [...alone(others.slice(0, turns)), ...together, ...alone(young)]
  }

  /** They are read, by itself or together with others. */
  read(span: Span): void {
    const nowMs = this.#nowMs ?? 0
    for (const { fromSec } of span) {
      const tried = this.#missing.get(fromSec)
      if (tried === undefined) continue
      tried.lastMs = nowMs
      if (span.length === 1) tried.aloneMs = nowMs
    }
  }

  /** Windows of which something is gone, to be counted. `passed`: oldest first. */
  lossesDue(passed: Span): readonly Span[] {
    const nowMs = this.#nowMs ?? 0
    keepOnly(this.#lossMs, passed.filter(hasLoss))
    const groups = lossesOf(passed)
    const countedMs = ({ fromSec }: LedgerWindow) => this.#lossMs.getOrInsert(fromSec, nowMs)
    const lastMs = (group: Span) => Math.min(...group.filter(hasLoss).map(countedMs))
    const inTurn = groups.toSorted((a, b) => lastMs(a) - lastMs(b))
    return inTurn.slice(0, this.#turns.losses.take(groups.length, this.#share))
  }

  /** They are counted. */
  counted(span: Span): void {
    for (const { fromSec } of span) if (this.#lossMs.has(fromSec)) this.#lossMs.set(fromSec, this.#nowMs ?? 0)
  }
}

function missesRows(window: LedgerWindow): boolean {
  // Earlier versions did not say how many are missing beside hidden ones.
  return missingOf(window) > 0 || (window.state === 'short' && window.gone === 0)
}

/** Where rows are missing, too, it is read. */
function hasLoss(window: LedgerWindow): boolean {
  return window.gone > 0 && !missesRows(window)
}

function keepOnly(map: Map<number, unknown>, windows: Span): void {
  const kept = new Set(windows.map(({ fromSec }) => fromSec))
  for (const fromSec of map.keys()) if (!kept.has(fromSec)) map.delete(fromSec)
}

/** From one that misses rows to another, as far as all of it is no more than is read together. */
function togetherOf(windows: Span, rowsMax: number): readonly Span[] {
  const groups: LedgerWindow[][] = []
  for (const span of spansOf(windows)) {
    let group: LedgerWindow[] | null = null
    let rows = 0
    let between: LedgerWindow[] = []
    for (const window of span) {
      const more = Math.max(window.held, expected([window]))
      rows += more
      between.push(window)
      const isFull = rows > rowsMax || (group?.length ?? 0) + between.length > windowsMax
      if (group !== null && isFull) group = null
      if (!missesRows(window)) continue
      if (group === null) {
        group = []
        groups.push(group)
        between = [window]
        rows = more
      }
      group.push(...between)
      between = []
    }
  }
  return groups
}

/** Neighbours are one run; where there are more runs than are counted, so many of them with what lies between. */
function lossesOf(windows: Span): readonly Span[] {
  const spans = spansOf(windows)
  const runs = spans.map(span => {
    const begins = span.flatMap((window, i) => (hasLoss(window) && !isLossAt(span, i - 1) ? [i] : []))
    const ends = span.flatMap((window, i) => (hasLoss(window) && !isLossAt(span, i + 1) ? [i + 1] : []))
    return { span, begins, ends }
  })
  const together = Math.ceil(runs.reduce((sum, { begins }) => sum + begins.length, 0) / lossesMax)
  return runs.flatMap(({ span, begins, ends }) =>
    begins.flatMap((from, i) =>
      i % together === 0 ? [span.slice(from, ends[i + together - 1] ?? ends.at(-1))] : [],
    ),
  )
}

function isLossAt(span: Span, i: number): boolean {
  const window = span[i]
  return window !== undefined && hasLoss(window)
}
