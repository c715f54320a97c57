import type { Clock } from '@cf-audit-drain/pipeline'
import { KafkaUnavailableError } from './kafka-error.ts'

/** How long a broker holds a fetch of every foundation that finds nothing: only one given to us meanwhile waits for it. */
export const idleWaitMs = 1_000
/** … and a fetch of some, for the others may be wanted at any moment. */
export const partWaitMs = 250
/** Far above both. kafkajs looks for brokers that are away for a quarter of a minute before it says so, for each topic anew. */
const silentMs = 8_000

/** Passes the fetch through, and tells of one that is not answered in time. */
export async function heard(
  clock: Pick<Clock, 'sleep'>,
  fetching: Promise<void>,
  silent: (error: Error) => void,
): Promise<void> {
  const answered = new AbortController()
  clock.sleep(silentMs, answered.signal).then(
    () => silent(new KafkaUnavailableError(`the brokers have not answered for ${silentMs / 1000} s`)),
    () => undefined,
  )
  try {
    await fetching
  } finally {
    answered.abort()
  }
}
