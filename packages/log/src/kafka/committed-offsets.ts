import type { Clock } from '@cf-audit-drain/pipeline'
import type { Admin, FetchOffsetsPartition } from 'kafkajs'
import { limits } from './kafka-options.ts'

const retryMs = 200

/** What a group has committed, by topic. A coordinator that has just come up still loads: kafkajs gives up on it. */
export async function committedOffsets(
  admin: Pick<Admin, 'fetchOffsets'>,
  groupId: string,
  topics: readonly string[],
  clock: Clock,
): Promise<readonly { readonly topic: string; readonly partitions: readonly FetchOffsetsPartition[] }[]> {
  const startedMs = clock.monotonic()
  for (;;) {
    try {
      return await admin.fetchOffsets({ groupId, topics: [...topics] })
    } catch (error) {
      const isPassing = error instanceof Error && 'retriable' in error && error.retriable === true
      if (!isPassing || clock.monotonic() - startedMs > limits.requestMs) throw error
      await clock.sleep(retryMs)
    }
  }
}
