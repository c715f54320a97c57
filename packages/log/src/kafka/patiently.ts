import type { Clock } from '@cf-audit-drain/pipeline'
import { typesOf } from './kafka-error.ts'
import { limits } from './kafka-options.ts'

const retryMs = 200

/**
 * Asks again what brokers refuse for a moment: a coordinator that still loads or is busy with what it was asked before,
 * a leader that has moved. kafkajs gives up on these. Any other refusal is told at once.
 */
export async function patiently<T>(
  clock: Clock,
  ask: () => Promise<T>,
  patienceMs: number = limits.requestMs,
): Promise<T> {
  const startedMs = clock.monotonic()
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isPassing(error) || clock.monotonic() - startedMs > patienceMs) throw error
      await clock.sleep(retryMs)
    }
  }
}

function isPassing(error: unknown): boolean {
  if (typesOf(error).includes('CONCURRENT_TRANSACTIONS')) return true
  return error instanceof Error && 'retriable' in error && error.retriable === true
}
