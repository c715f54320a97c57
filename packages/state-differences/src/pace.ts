import type { Clock } from '@cf-audit-drain/pipeline'

/** Between two requests. */
const apartMs = 250
const lookAgainMs = 10_000
/** Of the interval, for what is asked for one by one. */
const share = 0.8

/** Spreads requests over the interval, at most four in a second, and none while polling needs the rate limit. */
export class Pace {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #heldBackMs: () => number
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, everyMs: number, heldBackMs: () => number) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#heldBackMs = heldBackMs
  }

  /** `count`: how many such requests one reading makes. */
  async turn(signal: AbortSignal, count = 1): Promise<void> {
    if (count > 1)
      await this.#clock.sleep(Math.min(60_000, (this.#everyMs * share) / count - apartMs), signal)
    for (let heldMs = this.#heldBackMs(); heldMs > 0; heldMs = this.#heldBackMs())
      await this.#clock.sleep(Math.min(heldMs, lookAgainMs), signal)
    const nowMs = this.#clock.monotonic()
    const atMs = Math.max(nowMs, this.#nextMs)
    this.#nextMs = atMs + apartMs
    if (atMs > nowMs) await this.#clock.sleep(atMs - nowMs, signal)
  }
}
