import type { Range } from './range.ts'

/** Readings that did not agree with Cloud Controller's own count, before what is left is given time. */
const hastyReadings = 3
/** Then it is passed as short: the others behind it must not wait for a row that is never shown. */
const readingsMax = 12

/**
 * A range of the catch-up in which Cloud Controller counts more than it shows, narrowed down by halves to one window of the
 * ledger. It is kept from try to try: a request that fails tells nothing of the rows.
 */
export class Disagreement {
  #range: Range | null = null
  #readings = 0
  #widthSec = Number.POSITIVE_INFINITY

  /** How wide to read at most from there on; `windowToSec`: where the window of the ledger ends. */
  widthSecAt(fromSec: number, windowToSec: number): number {
    if (this.#range === null || fromSec < this.#range.fromSec || fromSec >= this.#range.toSec)
      return Number.POSITIVE_INFINITY
    return Math.max(this.#widthSec, windowToSec - fromSec)
  }

  /** That range was read and is not whole. */
  found(range: Range): void {
    const isNew =
      this.#range === null || range.fromSec >= this.#range.toSec || range.toSec <= this.#range.fromSec
    if (isNew) this.#readings = 0
    this.#range = range
    this.#readings++
    this.#widthSec = Math.ceil((range.toSec - range.fromSec) / 2)
  }

  /** What is before that second is passed. */
  passed(toSec: number): void {
    if (this.#range === null || toSec < this.#range.toSec) return
    this.#range = null
    this.#readings = 0
  }

  /** It was read often enough to be passed without what is not shown. */
  get isStubborn(): boolean {
    return this.#readings >= readingsMax
  }

  get isToBeGivenTime(): boolean {
    return this.#readings >= hastyReadings
  }
}
