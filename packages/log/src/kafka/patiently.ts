import type { Clock } from '@cf-audit-drain/pipeline'
import { limits } from './kafka-options.ts'

const retryMs = 200

/** Again and again while the brokers say that it passes: a coordinator that loads, a leader that is not known yet. */
export async function patiently<T>(clock: Clock, ask: () => Promise<T>): Promise<T> {
  const startedMs = clock.monotonic()
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isPassing = error instanceof Error && 'retriable' in error && error.retriable === true
      if (!isPassing || clock.monotonic() - startedMs > limits.requestMs) throw error
      await clock.sleep(retryMs)
    }
  }
}
