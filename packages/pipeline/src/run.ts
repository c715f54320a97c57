import type { Clock } from './clock.ts'
import type { Sink, Source } from './contract.ts'
import { NotConnectedError } from './contract.ts'
import { InterruptedWriteError } from './interrupted-write.ts'
import { asError } from './retry.ts'

export interface RunOptions {
  readonly clock: Clock
  /** Between attempts to connect an end. */
  readonly reconnectMs: number
  /** What no attempt mends: `run` rejects with it instead of trying again. */
  readonly isFatal?: (reason: Error) => boolean
  /** `attempt`: 1, 2, 3 … since the end was last connected. */
  readonly onConnectFailure?: (end: 'source' | 'sink', reason: Error, attempt: number) => void
  readonly onSettled?: (count: number) => void
  /** It ends with so many sent and not settled, and why: they are sent again by whoever has them next. */
  readonly onInterrupted?: (sent: number, reason: Error) => void
}

/**
 * The one loop of the product: reads a batch, writes it, settles it. Ends when the source has ended or the signal is
 * aborted (then the batch under way is settled with the reason: its cursor stays, but for what was confirmed of it). Both ends are closed in any case.
 *
 * The sink is expected to have no 'retry' left (see withRetry) and no 'rejected' (see withDeadLetters): a cursor may
 * only move past delivered records.
 */
export async function run<T>(
  source: Source<T>,
  sink: Sink<T>,
  options: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    await connect('source', source, options, signal)
    await connect('sink', sink, options, signal)
    while (!signal.aborted) {
      if (!(await step(source, sink, options, signal))) return
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await sink.close()
    await source.close()
  }
}

async function step<T>(
  source: Source<T>,
  sink: Sink<T>,
  options: RunOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const delivery = await source.read(signal)
  if (!delivery) return false
  try {
    const outcomes = await sink.write(delivery.batch, signal)
    const open = outcomes.find(outcome => outcome.kind !== 'delivered')
    if (open || outcomes.length !== delivery.batch.length)
      throw new Error(`the sink left records open: ${open?.kind ?? `${outcomes.length} outcomes`}`)
  } catch (error) {
    const reason = asError(error instanceof InterruptedWriteError ? error.cause : error)
    const { done, sent } = error instanceof InterruptedWriteError ? error : { done: 0, sent: 0 }
    if (sent > 0) options.onInterrupted?.(sent, reason)
    await settle(done, options, () => delivery.settle(reason, done))
    if (!(reason instanceof NotConnectedError)) throw reason
    await connect('sink', sink, options, signal)
    return true
  }
  await settle(delivery.batch.length, options, () => delivery.settle())
  return true
}

async function settle(done: number, options: RunOptions, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (done > 0) options.onInterrupted?.(done, asError(error))
    throw error
  }
  if (done > 0) options.onSettled?.(done)
}

async function connect(
  end: 'source' | 'sink',
  target: { connect(signal: AbortSignal): Promise<void> },
  options: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await target.connect(signal)
    } catch (error) {
      signal.throwIfAborted()
      if (options.isFatal?.(asError(error))) throw error
      options.onConnectFailure?.(end, asError(error), attempt)
      await options.clock.sleep(options.reconnectMs, signal)
    }
  }
}
