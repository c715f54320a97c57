import type { Clock } from './clock.ts'
import type { Sink } from './contract.ts'

/**
 * Lets the write under way come to its end when the signal is aborted, for at most `drainMs`: what the receiver has
 * already got is then confirmed and settled, not sent again at the next start. Put it next to the sink, inside withRetry,
 * whose own signal stays prompt: nothing is tried again after an abort.
 */
export function withDrain<T>(sink: Sink<T>, drainMs: number, clock: Clock): Sink<T> {
  return {
    connect: signal => sink.connect(signal),
    close: () => sink.close(),
    async write(batch, signal) {
      signal.throwIfAborted()
      const drained = new AbortController()
      const written = new AbortController()
      const onAbort = () => {
        clock.sleep(drainMs, written.signal).then(
          () => drained.abort(signal.reason),
          () => undefined,
        )
      }
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        return await sink.write(batch, drained.signal)
      } finally {
        signal.removeEventListener('abort', onAbort)
        written.abort()
      }
    },
  }
}
