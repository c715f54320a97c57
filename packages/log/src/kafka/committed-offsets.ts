import type { Clock } from '@cf-audit-drain/pipeline'
import type { Admin, FetchOffsetsPartition } from 'kafkajs'
import { patiently } from './patiently.ts'

/** What a group has committed, by topic. A coordinator that has just come up still loads: kafkajs gives up on it. */
export function committedOffsets(
  admin: Pick<Admin, 'fetchOffsets'>,
  groupId: string,
  topics: readonly string[],
  clock: Clock,
): Promise<readonly { readonly topic: string; readonly partitions: readonly FetchOffsetsPartition[] }[]> {
  return patiently(clock, () => admin.fetchOffsets({ groupId, topics: [...topics] }))
}
