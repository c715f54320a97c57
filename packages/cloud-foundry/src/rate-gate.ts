import type { Clock } from '@cf-audit-drain/pipeline'
import type { RateLimit } from './retry-after.ts'

/** Below this share of the limit, requests are spread over what is left of the window. Remaining comes in tenths. */
const lowShare = 0.1
/** Remaining is floored to a tenth, so nothing left means up to a tenth: half of one is assumed. */
const assumedShare = 0.05
const paceMsMax = 30_000
/** A bogus Retry-After must not shut a foundation out; in an honest window of an hour this costs three requests. */
const pauseMsMax = 15 * 60_000
/** How often those who wait look whether the probe is over. */
const probeLookMs = 500

/** Leave to send one request, to be given back with `leave`. */
export interface Pass {
  /** The one request that tries whether a 429 that asked for more than `pauseMsMax` still holds. */
  readonly probe: boolean
}

/**
 * Where all requests of a foundation wait together: during a 429's wait, and, more gently, before it comes to one.
 *
 *     429 asks for a ──► closed for min(a, pauseMsMax) ──► a is over: open
 *                           ▲                          └─► a is not over: one probe ──► any answer but a 429: open
 *                           └────────── 429 ───────────────────────────────┘ └─► no answer: the next one probes
 */
export class RateGate {
  readonly #clock: Clock
  #openAt = Number.NEGATIVE_INFINITY
  /** Until when the server asked to be left alone: may be after `#openAt`. */
  #askedUntil = Number.NEGATIVE_INFINITY
  #probing = false
  #paceMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds until the gate opens; 0 when it is open. */
  get closedForMs(): number {
    return Math.max(0, this.#openAt - this.#clock.monotonic())
  }

  /** What is left of the time that 429s asked for; 0 when nothing is. */
  get askedForMs(): number {
    return Math.max(0, this.#askedUntil - this.#clock.monotonic())
  }

  /** Nobody passes for so long, `pauseMsMax` at most. Never shortens an earlier pause. */
  pause(ms: number): void {
    this.#openAt = Math.max(this.#openAt, this.#clock.monotonic() + Math.min(ms, pauseMsMax))
  }

  /**
   * A 429 came and asked for so long; null: it did not say, and what an earlier one asked for still holds.
   * Returns how long nobody passes, null when no 429 has said.
   */
  refused(askedMs: number | null): number | null {
    if (askedMs === null && this.askedForMs === 0) return null
    this.#askedUntil = Math.max(this.#askedUntil, this.#clock.monotonic() + (askedMs ?? 0))
    const ms = Math.min(pauseMsMax, askedMs ?? this.askedForMs)
    this.pause(ms)
    return Math.max(ms, this.closedForMs)
  }

  /** An answer other than 429 came. Of a probe it says that the limit no longer holds. */
  answered(pass: Pass): void {
    if (pass.probe) this.#askedUntil = Number.NEGATIVE_INFINITY
  }

  /** The request is over, whatever came of it. */
  leave(pass: Pass): void {
    if (pass.probe) this.#probing = false
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
   * Resolves when a request may be sent; to null, at once, when that is further away than `patienceMs`.
   * Rejects with the signal's reason.
   */
  async pass(patienceMs: number, signal: AbortSignal): Promise<Pass | null> {
    const until = this.#clock.monotonic() + patienceMs
    for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) {
      if (this.#clock.monotonic() + waitMs > until) return null
      await this.#clock.sleep(waitMs, signal)
    }
    signal.throwIfAborted()
    if (this.#paceMs > 0) this.pause(this.#paceMs)
    const probe = this.askedForMs > 0
    if (probe) this.#probing = true
    return { probe }
  }

  #waitMs(): number {
    return this.#probing ? Math.max(probeLookMs, this.closedForMs) : this.closedForMs
  }
}
