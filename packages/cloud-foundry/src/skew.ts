import type { Clock } from '@cf-audit-drain/pipeline'

const samplesMax = 9
/** An answer that took longer says little about when its Date was written. */
const quickMs = 2000

/**
 * How far a server's clock is ahead of ours, from its Date headers (RFC 9110 §6.6.1). Date has whole seconds and is
 * floored: on average it is half a second early, which is added. One reading is good to about a second; the median of
 * the last nine is given. Readings are kept against the monotonic clock, so that when our wall clock jumps the sum of it
 * and `ms` is still their time.
 */
export class Skew {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>
  #samples: { readonly aheadMs: number; readonly quick: boolean }[] = []

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock
  }

  /** `tookMs`: from sending the request to its headers, which have just come. */
  note(date: string | undefined, tookMs: number): void {
    const theirsMs = date === undefined ? Number.NaN : Date.parse(date)
    if (!Number.isFinite(theirsMs)) return
    const aheadMs = theirsMs + 500 - (this.#clock.monotonic() - tookMs / 2)
    this.#samples = [...this.#samples, { aheadMs, quick: tookMs <= quickMs }].slice(-samplesMax)
  }

  /** Milliseconds; positive: theirs is ahead. Null before the first Date. */
  get ms(): number | null {
    const quick = this.#samples.filter(sample => sample.quick)
    const sorted = (quick.length > 0 ? quick : this.#samples)
      .map(sample => sample.aheadMs)
      .sort((a, b) => a - b)
    const middle = sorted[Math.floor(sorted.length / 2)]
    return middle === undefined ? null : Math.round(middle + this.#clock.monotonic() - this.#clock.now())
  }
}
