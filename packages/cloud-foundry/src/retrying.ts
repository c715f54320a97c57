import type { Clock, Random } from '@cf-audit-drain/pipeline'
import { CloudFoundryError, RateLimitedError, ServerError } from './errors.ts'

export interface RetryPolicy {
  /** The first try included. */
  readonly tries: number
  /** No wait is begun that would end later than this after the first try. */
  readonly budgetMs: number
  readonly firstDelayMs: number
  readonly maxDelayMs: number
}

export const defaultRetryPolicy: RetryPolicy = {
  tries: 6,
  budgetMs: 120_000,
  firstDelayMs: 500,
  maxDelayMs: 20_000,
}

/** For whoever would wait neither for a second try nor for a rate limit to pass. */
export const triedOnce: RetryPolicy = { ...defaultRetryPolicy, tries: 1, budgetMs: 1_000 }

export interface Attempt {
  /** 1 for the first. */
  readonly number: number
  /** What is left of the budget. */
  readonly patienceMs: number
}

/**
 * Repeats whole attempts that failed with a retryable CloudFoundryError, and throws the last error when tries or budget
 * are used up: the caller decides what then. Delays are decorrelated jitter (between the first delay and three times the last one,
 * capped), or what the server asked for, in full, if that is longer.
 */
export async function retrying<T>(
  attempt: (attempt: Attempt) => Promise<T>,
  policy: RetryPolicy,
  deps: {
    readonly clock: Clock
    readonly random: Random
    /** Before each wait. */
    readonly onRetry: (error: CloudFoundryError, delayMs: number, attempt: number) => void
  },
  signal: AbortSignal,
): Promise<T> {
  const end = deps.clock.monotonic() + policy.budgetMs
  let jitterMs = policy.firstDelayMs
  for (let number = 1; ; number++) {
    try {
      return await attempt({ number, patienceMs: Math.max(0, end - deps.clock.monotonic()) })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof CloudFoundryError) || !error.retryable) throw error
      jitterMs = Math.min(
        policy.maxDelayMs,
        policy.firstDelayMs + deps.random() * (jitterMs * 3 - policy.firstDelayMs),
      )
      const delayMs = Math.max(jitterMs, askedForMs(error))
      if (number >= policy.tries || deps.clock.monotonic() + delayMs > end) throw error
      deps.onRetry(error, delayMs, number)
      await deps.clock.sleep(delayMs, signal)
    }
  }
}

function askedForMs(error: CloudFoundryError): number {
  return error instanceof RateLimitedError || error instanceof ServerError ? (error.retryAfterMs ?? 0) : 0
}
