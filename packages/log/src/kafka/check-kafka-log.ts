import type { Clock } from '@cf-audit-drain/pipeline'
import { KafkaClient } from './kafka-client.ts'
import { KafkaStateError } from './kafka-error.ts'
import { type KafkaOptions, kafkaDefaults } from './kafka-options.ts'
import { Names } from './names.ts'
import { topicsOf } from './topics.ts'

/**
 * What works, in a sentence. Changes nothing.
 * @throws KafkaUnavailableError when no broker answers; KafkaStateError when a login is refused, or a topic is missing
 *   that `start` does not make, or has not one partition
 */
export async function checkKafkaLog(
  options: KafkaOptions,
  foundations: readonly string[],
  clock: Clock,
): Promise<string> {
  const client = new KafkaClient(options, clock)
  const names = new Names(options.prefix ?? kafkaDefaults.prefix)
  try {
    const admin = await client.admin()
    const { brokers } = await admin.describeCluster()
    const there = new Set(await admin.listTopics())
    const wanted = new Set(foundations.flatMap(name => topicsOf(names, name, 1).map(({ topic }) => topic)))
    const missing = [...wanted].filter(topic => !there.has(topic))
    const { topics } = await admin.fetchTopicMetadata({
      topics: [...wanted].filter(topic => there.has(topic)),
    })
    const wide = topics.filter(({ partitions }) => partitions.length !== 1).map(({ name }) => name)
    if (wide.length > 0)
      throw new KafkaStateError(
        `${wide.join(', ')}: more than one partition, so there is no one order; make the topic anew with one`,
      )
    if (missing.length > 0 && !options.createTopics)
      throw new KafkaStateError(
        `no topic ${missing.join(', ')}: make them with one partition each, or set log.kafka.createTopics`,
      )
    const made = missing.length > 0 ? `, ${missing.length} topics will be made at the first start` : ''
    return `${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}${made}`
  } finally {
    await client.close()
  }
}
