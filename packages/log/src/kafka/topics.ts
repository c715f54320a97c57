import type { Clock } from '@cf-audit-drain/pipeline'
import type { Admin, ITopicConfig } from 'kafkajs'
import { KafkaStateError } from './kafka-error.ts'
import type { Names } from './names.ts'
import { patiently } from './patiently.ts'

/** Larger than any page that is read from Cloud Controller, uncompressed. */
const messageBytesMax = 64 * 1024 * 1024

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

/** Makes them, and waits until the brokers know their leaders. One that somebody else made meanwhile is left as it is. */
export async function makeTopics(
  admin: Admin,
  missing: readonly ITopicConfig[],
  clock: Clock,
): Promise<void> {
  await admin.createTopics({ topics: [...missing], waitForLeaders: false })
  const topics = missing.map(({ topic }) => topic)
  await patiently(clock, () => admin.fetchTopicMetadata({ topics }))
}

/** For an operator whose Kafka makes no topics for us. */
export function topicsMissing(missing: readonly ITopicConfig[]): KafkaStateError {
  const names = missing.map(({ topic }) => topic).join(', ')
  return new KafkaStateError(
    `Kafka has no topic ${names}: make them with one partition each, or set log.kafka.createTopics`,
  )
}
