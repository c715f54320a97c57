import type { Clock } from '@cf-audit-drain/pipeline'
import { limits } from './kafka-options.ts'

const retryMs = 200

/**
 * What `ask` comes to, asked again while its error is one that the brokers call passing (a leader or coordinator that
 * has just come up), for as long as one request may take. kafkajs gives up on some of them at once.
 */
export async function whilePassing<T>(clock: Clock, ask: () => Promise<T>): Promise<T> {
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
