import type { Random } from '@cf-audit-drain/pipeline'
import type { Range } from './range.ts'

const goldenRatio = (Math.sqrt(5) - 1) / 2

/**
 * Where the sum over passed time is cut in two, one time after the other: each cut falls into one of the widest gaps between those before it,
 * so that two rows do not stay in one part for much longer than they do on average. Steps are made from where the last cut was: else the
 * time that is passed, and what is held in it, would move under them.
 */
export class SumCuts {
  readonly #random: Random
  #sec: number | null = null

  constructor(random: Random) {
    this.#random = random
  }

  /** A second within the range. */
  next({ fromSec, toSec }: Range): number {
    const length = toSec - fromSec
    if (length <= 0) return fromSec
    const sec = this.#sec === null ? fromSec + this.#random() * length : this.#sec + goldenRatio * length
    const within = (sec - fromSec) % length
    this.#sec = fromSec + (within < 0 ? within + length : within)
    return this.#sec
  }
}
