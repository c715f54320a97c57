import type { Admin, ITopicConfig } from 'kafkajs'
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

/** Makes those that are missing; the others are left as they are. */
export async function makeMissing(admin: Admin, wanted: readonly ITopicConfig[]): Promise<void> {
  const there = new Set(await admin.listTopics())
  const missing = wanted.filter(({ topic }) => !there.has(topic))
  if (missing.length > 0) await admin.createTopics({ topics: [...missing], waitForLeaders: true })
}
