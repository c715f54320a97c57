import type { Clock } from '@cf-audit-drain/pipeline'
import type { Admin, FetchOffsetsPartition } from 'kafkajs'
import { whilePassing } from './while-passing.ts'

/** What a group has committed, by topic. */
export function committedOffsets(
  admin: Pick<Admin, 'fetchOffsets'>,
  groupId: string,
  topics: readonly string[],
  clock: Clock,
): Promise<readonly { readonly topic: string; readonly partitions: readonly FetchOffsetsPartition[] }[]> {
  return whilePassing(clock, () => admin.fetchOffsets({ groupId, topics: [...topics] }))
}
