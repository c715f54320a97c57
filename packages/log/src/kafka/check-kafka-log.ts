import type { Clock } from '@cf-audit-drain/pipeline'
import { KafkaClient } from './kafka-client.ts'
import { KafkaStateError } from './kafka-error.ts'
import { type KafkaOptions, kafkaDefaults } from './kafka-options.ts'
import { Names } from './names.ts'
import { missingTopics, topicsMissing, topicsOf } from './topics.ts'

/**
 * What works, in a sentence. Changes nothing.
 * @throws KafkaUnavailableError when no broker answers; KafkaStateError when a login or a transactional id is refused, or a topic is missing
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
    const wanted = foundations.flatMap(name => topicsOf(names, name, 1))
    const missing = await missingTopics(admin, wanted)
    const isMissing = new Set(missing.map(({ topic }) => topic))
    const present = new Set(wanted.map(({ topic }) => topic).filter(topic => !isMissing.has(topic)))
    const { topics } = await admin.fetchTopicMetadata({ topics: [...present] })
    const wide = topics.filter(({ partitions }) => partitions.length !== 1).map(({ name }) => name)
    if (wide.length > 0)
      throw new KafkaStateError(
        `${wide.join(', ')}: more than one partition, so there is no one order; make the topic anew with one`,
      )
    if (missing.length > 0 && !options.createTopics) throw topicsMissing(missing)
    const { delivery } = { ...kafkaDefaults, ...options }
    if (delivery === 'exactly-once')
      for (const name of foundations) await client.requireTransactions(names.transactionalId(name))
    const made = missing.length > 0 ? `, ${missing.length} topics will be made at the first start` : ''
    return `${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}, delivery ${delivery}${made}`
  } finally {
    await client.close()
  }
}
