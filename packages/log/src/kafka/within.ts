import type { Clock } from '@cf-audit-drain/pipeline'
import { KafkaUnavailableError } from './kafka-error.ts'

/**
 * What `work` comes to, or a KafkaUnavailableError after `ms`. kafkajs retries for ever in places and leaves promises
 * hanging in others, so no call of it goes without. The work itself goes on: whoever gives up drops its client too.
 */
export async function within<T>(clock: Clock, ms: number, what: string, work: Promise<T>): Promise<T> {
  const done = new AbortController()
  const tooLate = clock.sleep(ms, done.signal).then(() => {
    throw new KafkaUnavailableError(`${what}: no answer within ${ms} ms`)
  })
  tooLate.catch(() => undefined)
  try {
    return await Promise.race([work, tooLate])
  } finally {
    done.abort()
    work.catch(() => undefined)
  }
}
