import type { Clock } from '@cf-audit-drain/pipeline'
import type { Admin, FetchOffsetsPartition } from 'kafkajs'
import { KafkaUnavailableError } from './kafka-error.ts'
import { patiently } from './patiently.ts'

type Committed = readonly {
  readonly topic: string
  readonly partitions: readonly FetchOffsetsPartition[]
}[]

/** What a group has committed in partition 0 of each of these topics; an offset of -1: nothing. */
export function committedOffsets(
  admin: Pick<Admin, 'fetchOffsets'>,
  groupId: string,
  topics: readonly string[],
  clock: Clock,
): Promise<Committed> {
  return patiently(clock, async () =>
    requireEach(topics, groupId, await admin.fetchOffsets({ groupId, topics: [...topics] })),
  )
}

/**
 * kafkajs asks for the partitions its metadata hold just then, and another question of the same client may have replaced
 * them with those of other topics. What was not asked for must not be taken for what was never committed.
 */
function requireEach(topics: readonly string[], groupId: string, answer: Committed): Committed {
  const answered = new Set(answer.filter(one => one.partitions.length > 0).map(one => one.topic))
  const left = topics.filter(topic => !answered.has(topic))
  if (left.length === 0) return answer
  const error = new KafkaUnavailableError(`no answer to what ${groupId} has committed of ${left.join(', ')}`)
  throw Object.assign(error, { retriable: true })
}
