import type { RateLimit } from '@cf-audit-drain/cloud-foundry'
import type { Clock } from '@cf-audit-drain/pipeline'

/** The limiter tells what remains in tenths. */
const tenths = 10
/** More than this share is never kept back: the backfill must go on under the smallest limit, too. */
const keptMax = 0.7
/** What remains is told anew with every answer to a poll. */
const lookAgainMs = 10_000

/**
 * Keeps so many of the requests that Cloud Controller's rate limiter allows for what must not wait: polls, sweeps and
 * verification until the limiter counts anew. The backfill takes what is above that, as fast as it can, and then waits.
 */
export class RequestBudget {
  readonly #rateLimit: () => RateLimit | null
  readonly #pollIntervalMs: number
  readonly #clock: Clock

  constructor(rateLimit: () => RateLimit | null, pollIntervalMs: number, clock: Clock) {
    this.#rateLimit = rateLimit
    this.#pollIntervalMs = pollIntervalMs
    this.#clock = clock
  }

  /** Resolves when a request may be made that can wait. */
  async spare(nowSec: () => number, signal: AbortSignal): Promise<void> {
    while (this.#mustWait(nowSec())) await this.#clock.sleep(lookAgainMs, signal)
  }

  #mustWait(nowSec: number): boolean {
    const seen = this.#rateLimit()
    if (seen === null || seen.resetSec <= nowSec) return false
    const polls = ((seen.resetSec - nowSec) * 1_000) / this.#pollIntervalMs
    const kept = Math.min(Math.max(seen.limit / tenths, polls * 1.5), seen.limit * keptMax)
    return seen.remaining <= kept
  }
}
