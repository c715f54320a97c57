import type { Admin, ITopicConfig } from 'kafkajs'
import { KafkaStateError } from './kafka-error.ts'
import type { Names } from './names.ts'

/** Larger than any event Cloud Controller makes, with room for a manifest of several megabytes. */
const messageBytesMax = 16 * 1024 * 1024

/** What one foundation needs. One partition each: one order, and no transaction of one foundation hides another's. */
export function topicsOf(
  names: Names,
  foundation: string,
  replicationFactor: number,
): readonly ITopicConfig[] {
  const one = { numPartitions: 1, replicationFactor }
  const large = { name: 'max.message.bytes', value: String(messageBytesMax) }
  const kept = [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: '-1' },
  ]
  return [
    { ...one, topic: names.events(foundation), configEntries: [...kept, large] },
    { ...one, topic: names.deadLetters, configEntries: [...kept, large] },
    { ...one, topic: names.state(foundation), configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
  ]
}

/** Those of the wanted that the brokers do not have, each once. */
export async function missingTopics(
  admin: Admin,
  wanted: readonly ITopicConfig[],
): Promise<readonly ITopicConfig[]> {
  const there = new Set(await admin.listTopics())
  const missing = wanted.filter(({ topic }) => !there.has(topic))
  return [...new Map(missing.map(config => [config.topic, config])).values()]
}

/** For an operator whose Kafka makes no topics for us. */
export function topicsMissing(missing: readonly ITopicConfig[]): KafkaStateError {
  const names = missing.map(({ topic }) => topic).join(', ')
  return new KafkaStateError(
    `Kafka has no topic ${names}: make them with one partition each, or set log.kafka.createTopics`,
  )
}
