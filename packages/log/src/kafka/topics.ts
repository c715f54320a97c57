import type { Admin, ITopicConfig } from 'kafkajs'
import { KafkaStateError } from './kafka-error.ts'
import type { Names } from './names.ts'

/** What an operator decides of the topics. */
export interface TopicSettings {
  readonly replicationFactor: number
  /** How many copies a publish waits for; left to the brokers when it is not given. */
  readonly minInsyncReplicas?: number
  /** How long events are kept; for ever when null or not given. */
  readonly retentionMs?: number | null
}

/** Larger than any page that is read from Cloud Controller, uncompressed. */
export const messageBytesMax = 64 * 1024 * 1024

/** What one foundation needs. One partition each: one order, and no transaction of one foundation hides another's. */
export function topicsOf(
  names: Names,
  foundation: string,
  { replicationFactor, minInsyncReplicas, retentionMs }: TopicSettings,
): readonly ITopicConfig[] {
  const durable = minInsyncReplicas === undefined ? {} : { 'min.insync.replicas': minInsyncReplicas }
  const kept = { 'cleanup.policy': 'delete', 'retention.ms': -1, 'retention.bytes': -1 }
  const large = { 'max.message.bytes': messageBytesMax }
  const topic = (name: string, settings: Readonly<Record<string, string | number>>): ITopicConfig => ({
    topic: name,
    numPartitions: 1,
    replicationFactor,
    configEntries: Object.entries(settings).map(([key, value]) => ({ name: key, value: String(value) })),
  })
  return [
    topic(names.events(foundation), { ...kept, 'retention.ms': retentionMs ?? -1, ...large, ...durable }),
    topic(names.deadLetters, { ...kept, ...large, ...durable }),
    topic(names.state(foundation), { 'cleanup.policy': 'compact', ...durable }),
    topic(names.ledger(foundation), { 'cleanup.policy': 'compact', ...durable }),
  ]
}

/** Those of the wanted that the brokers do not have, each once. */
export function missingTopics(
  names: readonly string[],
  wanted: readonly ITopicConfig[],
): readonly ITopicConfig[] {
  const there = new Set(names)
  const missing = wanted.filter(({ topic }) => !there.has(topic))
  return [...new Map(missing.map(config => [config.topic, config])).values()]
}

/** For an operator whose Kafka makes no topics for us. */
export function topicsMissing(missing: readonly ITopicConfig[]): KafkaStateError {
  const names = missing.map(({ topic }) => topic).join(', ')
  return new KafkaStateError(
    `Kafka has no topic ${names}, or does not let this login see it: run cf-audit-drain topics apply, or set log.kafka.createTopics`,
  )
}

/** @throws KafkaStateError: a topic with more partitions would have no one order */
export async function requireOnePartition(admin: Admin, topics: readonly string[]): Promise<void> {
  if (topics.length === 0) return
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [...new Set(topics)] })
  const wide = found.filter(({ partitions }) => partitions.length !== 1).map(({ name }) => name)
  if (wide.length === 0) return
  throw tooManyPartitions(wide)
}

export function tooManyPartitions(topics: readonly string[]): KafkaStateError {
  return new KafkaStateError(
    `${topics.join(', ')}: more than one partition, so there is no one order of its events; ` +
      'cf-audit-drain topics plan says how to make it anew with one',
  )
}
