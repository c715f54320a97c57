import type { Clock } from '@cf-audit-drain/pipeline'
import type { RateLimit } from './retry-after.ts'

/** Below this share of the limit, requests are spread over what is left of the window. Remaining comes in tenths. */
const lowShare = 0.1
/** Remaining is floored to a tenth, so nothing left means up to a tenth: half of one is assumed. */
const assumedShare = 0.05
const paceMsMax = 30_000

/** Where all requests of a foundation wait together: during a 429's wait, and, more gently, before it comes to one. */
export class RateGate {
  readonly #clock: Clock
  #openAt = Number.NEGATIVE_INFINITY
  #paceMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds until the gate opens; 0 when it is open. */
  get closedForMs(): number {
    return Math.max(0, this.#openAt - this.#clock.monotonic())
  }

  /** Nobody passes for so long. Never shortens an earlier pause. */
  pause(ms: number): void {
    this.#openAt = Math.max(this.#openAt, this.#clock.monotonic() + ms)
  }

  /** Slows down when little of the limit is left. `theirNowMs`: the server's clock, as `resetSec` is by it. */
  note(rate: RateLimit | null, theirNowMs: number): void {
    if (!rate) {
      this.#paceMs = 0
      return
    }
    const leftMs = rate.resetSec * 1000 - theirNowMs
    const low = rate.limit > 0 && leftMs > 0 && rate.remaining <= rate.limit * lowShare
    const requestsLeft = Math.max(1, rate.remaining, rate.limit * assumedShare)
    this.#paceMs = low ? Math.min(paceMsMax, leftMs / requestsLeft) : 0
  }

  /**
   * Resolves when a request may be sent; false, at once, when that is further away than `patienceMs`.
   * Rejects with the signal's reason.
   */
  async pass(patienceMs: number, signal: AbortSignal): Promise<boolean> {
    const until = this.#clock.monotonic() + patienceMs
    for (let waitMs = this.closedForMs; waitMs > 0; waitMs = this.closedForMs) {
      if (this.#clock.monotonic() + waitMs > until) return false
      await this.#clock.sleep(waitMs, signal)
    }
    signal.throwIfAborted()
    if (this.#paceMs > 0) this.pause(this.#paceMs)
    return true
  }
}
