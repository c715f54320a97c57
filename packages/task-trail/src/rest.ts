import { ApiUnavailableError, NotPermittedError, RateLimitedError } from '@cf-audit-drain/cloud-foundry'

const firstMs = 5_000
const longestMs = 300_000
const refusedMs = 600_000

/** How long nothing is asked after a failure: 5 s to 5 min, after a refusal 10 min. */
export class Rest {
  #pauseMs = 0
  #untilMs = 0

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs
  }

  /** Returns the pause. */
  after(error: Error, nowMs: number): number {
    this.#pauseMs = Math.min(longestMs, Math.max(firstMs, this.#pauseMs * 2))
    const told = error instanceof RateLimitedError ? (error.retryAfterMs ?? 0) : 0
    const pauseMs = isRefusal(error) ? refusedMs : Math.max(this.#pauseMs, Math.min(told, longestMs))
    this.#untilMs = nowMs + pauseMs
    return pauseMs
  }

  answered(): void {
    this.#pauseMs = 0
  }
}

/** Only an operator changes it. */
export function isRefusal(error: Error): boolean {
  return error instanceof NotPermittedError || error instanceof ApiUnavailableError
}
