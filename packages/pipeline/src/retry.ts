import type { Clock, Random } from './clock.ts'
import type { Batch, Outcome, Sink } from './contract.ts'
import { NotConnectedError } from './contract.ts'
import { InterruptedWriteError } from './interrupted-write.ts'

export interface RetryOptions {
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  /** Told of every failed attempt: for metrics, the log and /status. */
  readonly onFailure?: (failure: WriteFailure) => void
}

export interface WriteFailure {
  readonly reason: Error
  /** Consecutive failures so far, this one included. */
  readonly attempt: number
  readonly delayMs: number
  /** Records whose fate is unknown and which are therefore sent again: the bound of what may arrive twice. */
  readonly unknown: number
}

/**
 * Tries for ever: the returned sink's outcomes are only 'delivered' and 'rejected'.
 *
 * A write that throws leaves the fate of every record of that write unknown, so all of them are sent again. Each
 * such failure halves the size of the next write, down to one record, and a streak of successes doubles it: a receiver
 * that can only take little before it breaks still makes progress, and what may arrive twice shrinks with it.
 * A NotConnectedError says that nothing was sent: it is tried again as it was.
 * Delays have full jitter: between nothing and a ceiling that doubles per consecutive failure.
 * A write that is stopped throws an InterruptedWriteError: what was confirmed need not be sent again.
 */
export function withRetry<T>(
  sink: Sink<T>,
  options: RetryOptions,
  deps: { readonly clock: Clock; readonly random: Random },
): Sink<T> {
  let failures = 0
  /** Sent and not confirmed when it was stopped. */
  let underWay = 0
  const size = writeSize()

  async function waitAfter(reason: Error, unknown: number, signal: AbortSignal, afterMs = 0): Promise<void> {
    failures++
    const ceilingMs = Math.min(options.maxDelayMs, options.firstDelayMs * 2 ** Math.min(failures - 1, 30))
    const delayMs = Math.max(afterMs, Math.round(deps.random() * ceilingMs))
    options.onFailure?.({ reason, attempt: failures, delayMs, unknown })
    await deps.clock.sleep(delayMs, signal)
  }

  async function attempt(batch: Batch<T>, signal: AbortSignal): Promise<readonly Outcome[] | null> {
    try {
      const outcomes = await sink.write(batch, signal)
      assertOnePerRecord(outcomes, batch)
      size.succeeded()
      return outcomes
    } catch (error) {
      const unknown = error instanceof NotConnectedError ? 0 : batch.length
      if (signal.aborted) underWay = unknown
      signal.throwIfAborted()
      if (unknown > 0) size.failed(unknown)
      await waitAfter(asError(error), unknown, signal)
      return null
    }
  }

  return {
    connect: signal => sink.connect(signal),
    close: () => sink.close(),
    async write(batch, signal) {
      const results = new Array<Outcome | undefined>(batch.length).fill(undefined)
      underWay = 0
      try {
        await deliver(batch, results, signal)
        return results as Outcome[]
      } catch (error) {
        if (!signal.aborted) throw error
        throw new InterruptedWriteError(asError(error), results, underWay)
      }
    },
  }

  async function deliver(
    batch: Batch<T>,
    results: (Outcome | undefined)[],
    signal: AbortSignal,
  ): Promise<void> {
    let waiting = Array.from(batch.keys())
    while (waiting.length > 0) {
      signal.throwIfAborted()
      const now = waiting.slice(0, size.max())
      const records = now.map(index => batch[index]) as unknown as Batch<T>
      const outcomes = await attempt(records, signal)
      if (!outcomes) continue
      const { again, retry } = sortOut(outcomes, now, results)
      waiting = [...again, ...waiting.slice(now.length)]
      if (retry) await waitAfter(retry.reason, 0, signal, retry.afterMs)
      else failures = 0
    }
  }
}

/** Puts down the outcomes of the records `now`; those to be tried again, and the one that has to wait longest. */
function sortOut(
  outcomes: readonly Outcome[],
  now: readonly number[],
  results: (Outcome | undefined)[],
): { readonly again: readonly number[]; readonly retry: Extract<Outcome, { kind: 'retry' }> | undefined } {
  const again: number[] = []
  let retry: Extract<Outcome, { kind: 'retry' }> | undefined
  for (const [i, outcome] of outcomes.entries()) {
    const index = now[i] as number
    if (outcome.kind === 'retry') {
      again.push(index)
      if (!retry || (outcome.afterMs ?? 0) > (retry.afterMs ?? 0)) retry = outcome
    } else results[index] = outcome
  }
  return { again, retry }
}

/** How many records one write may hold: halved by every failure, doubled by a streak of successes. */
function writeSize() {
  const longestStreak = 64
  let max = Number.POSITIVE_INFINITY
  let streak = 0
  let streakNeeded = 1
  return {
    max: () => max,
    failed(length: number) {
      max = Math.max(1, Math.floor(length / 2))
      streak = 0
      // A receiver that always breaks at some size would otherwise be probed with every other write.
      streakNeeded = Math.min(longestStreak, streakNeeded * 4)
    },
    succeeded() {
      if (++streak < streakNeeded) return
      streak = 0
      streakNeeded = Math.max(1, streakNeeded / 2)
      max *= 2
    },
  }
}

function assertOnePerRecord(outcomes: readonly Outcome[], batch: readonly unknown[]): void {
  if (outcomes.length !== batch.length)
    throw new Error(`the sink gave ${outcomes.length} outcomes for ${batch.length} records`)
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
