import type { Disagreement } from './disagreement.ts'
import type { LookMaker } from './look.ts'
import type { Range } from './range.ts'
import { readSegment, rowsWantedOf, type Segment } from './read-segment.ts'
import type { Session } from './session.ts'
import { WindowWidth } from './window-width.ts'

/** One window, asked for. */
export interface Reading {
  readonly window: Range
  readonly segment: Promise<Segment>
  readonly look: LookMaker
  /** What lies behind it, when that was asked for already. */
  next: Reading | null
}

/** Where a reading of the window ended: a page may hold less of it. */
export function endOf({ toSec }: Range, segment: Segment): number {
  return Math.min(segment.toSec ?? toSec, toSec)
}

/**
 * The windows of one range, in their order, asked for before they are wanted: while one is recorded the next is read and,
 * once that is there, the one behind it. Each is as wide as a request has rows, by what those before it had.
 */
export class WindowsAhead {
  readonly #session: Session
  readonly #range: Range
  readonly #width: WindowWidth
  readonly #disagreement: Disagreement
  readonly #signal: AbortSignal
  /** Of what was asked for and is not recorded, oldest first. */
  readonly #looks: LookMaker[] = []
  #isEnded = false

  /** `rows`: about how many the range has. */
  constructor(session: Session, range: Range, rows: number, disagreement: Disagreement, signal: AbortSignal) {
    this.#session = session
    this.#range = range
    this.#width = new WindowWidth(rows / (range.toSec - range.fromSec), rowsWantedOf(session.source))
    this.#disagreement = disagreement
    this.#signal = signal
  }

  /** Asks for the window that begins there. */
  read(fromSec: number): Reading {
    const { recorder } = this.#session
    const windowToSec = recorder.ledger.rangeOf(fromSec).toSec
    const widthSec = Math.min(this.#width.sec, this.#disagreement.widthSecAt(fromSec, windowToSec))
    const window = { fromSec, toSec: Math.min(this.#range.toSec, fromSec + widthSec) }
    const look = recorder.look(window)
    this.#looks.push(look)
    const segment = this.#segment(window)
    segment.catch(() => undefined) // awaited later, or given up with all of them
    return { window, segment, look, next: null }
  }

  /** What lies behind it is asked for as soon as it is there itself. */
  readOn(reading: Reading): void {
    reading.segment.then(
      segment => {
        const endSec = endOf(reading.window, segment)
        const isPassed = segment.complete && segment.failure === undefined
        if (isPassed && endSec < this.#range.toSec && !this.#isEnded) reading.next ??= this.read(endSec)
      },
      () => undefined,
    )
  }

  /** The oldest of them is recorded. */
  recorded(): void {
    this.#looks.shift()?.end()
  }

  /** Nothing is asked for any longer. */
  end(): void {
    this.#isEnded = true
    for (const look of this.#looks) look.end()
  }

  async #segment(window: Range): Promise<Segment> {
    await this.#session.spareRequest?.(this.#signal)
    if (this.#isEnded) throw new Error('it is not wanted any longer')
    const segment = await readSegment(this.#session.source, window, this.#signal)
    if (segment.complete) this.#width.learn(segment.rows.length, endOf(window, segment) - window.fromSec)
    if (!this.#isEnded) await this.#session.recorder.makeAhead(segment.rows)
    return segment
  }
}
