import type { Batch, Sink } from './contract.ts'
import { delivered } from './contract.ts'
import { InterruptedWriteError } from './interrupted-write.ts'
import { asError } from './retry.ts'

export interface Rejected<T> {
  readonly record: T
  readonly reason: Error
}

/**
 * Buries what the sink rejects, and then counts it as done. The grave is dug before the cursor moves: `bury` must be
 * durable when it resolves, and idempotent, because a crash in between means the record is rejected and buried again.
 */
export function withDeadLetters<T>(
  sink: Sink<T>,
  bury: (rejected: Batch<Rejected<T>>) => Promise<void>,
): Sink<T> {
  return {
    connect: signal => sink.connect(signal),
    close: () => sink.close(),
    async write(batch: Batch<T>, signal) {
      const outcomes = await sink.write(batch, signal)
      const [first, ...rest] = outcomes.flatMap((outcome, i) =>
        outcome.kind === 'rejected' ? [{ record: batch[i] as T, reason: outcome.reason }] : [],
      )
      if (first === undefined) return outcomes
      await bury([first, ...rest]).catch(error => {
        throw new InterruptedWriteError(asError(error), outcomes)
      })
      return outcomes.map(outcome => (outcome.kind === 'rejected' ? delivered : outcome))
    },
  }
}
