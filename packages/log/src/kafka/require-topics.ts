import type { Clock } from '@cf-audit-drain/pipeline'
import type { KafkaClient } from './kafka-client.ts'
import { KafkaUnavailableError } from './kafka-error.ts'
import type { KafkaOptions, Settings } from './kafka-options.ts'
import { makeTopics } from './make-topics.ts'
import type { Names } from './names.ts'
import { missingTopics, requireOnePartition, topicsMissing, topicsOf } from './topics.ts'

export interface TopicsDoor {
  readonly client: KafkaClient
  readonly names: Names
  readonly options: KafkaOptions
  readonly settings: Pick<Settings, 'createTopics'>
  readonly clock: Clock
  /** Rejects with the rights that are missing now. */
  demandRights(): Promise<unknown>
}

/**
 * Makes the topics of a foundation that are missing, or `only` this one of them, where that is allowed.
 *
 * @throws KafkaStateError when one is missing or has two partitions. One that is hidden from this login is not said to be
 * missing: it has to be given a right, and not to be made.
 */
export async function requireTopics(
  { client, names, options, settings, clock, demandRights }: TopicsDoor,
  foundation: string,
  only?: string,
): Promise<void> {
  const { createTopics } = settings
  const wanted = topicsOf(names, foundation, createTopics ?? { replicationFactor: 1 }).filter(
    ({ topic }) => topic === (only ?? topic),
  )
  const missing = missingTopics(await client.topicNames(), wanted)
  const absent = new Set(missing.map(({ topic }) => topic))
  const present = wanted.map(({ topic }) => topic).filter(topic => !absent.has(topic))
  await client.asAdmin(admin => requireOnePartition(admin, present))
  if (missing.length === 0) return
  const hidden = await client.hiddenTopics([...absent])
  if (hidden.size > 0 && createTopics === null) {
    await demandRights()
    throw new KafkaUnavailableError(
      `Kafka does not show ${[...hidden].join(', ')} to this login, though it has the rights: they are being changed`,
    )
  }
  if (createTopics === null) throw topicsMissing(missing)
  await makeTopics(client, missing, options, clock)
}
