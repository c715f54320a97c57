import type { ITopicConfig } from 'kafkajs'
import type { KafkaClient } from './kafka-client.ts'
import type { KafkaOptions } from './kafka-options.ts'
import { refusedTopic } from './refused.ts'

/** One after the other, so that a refusal names its topic; one that somebody else has made meanwhile is no error. */
export async function makeTopics(
  client: KafkaClient,
  missing: readonly ITopicConfig[],
  kafka: KafkaOptions,
): Promise<void> {
  const admin = await client.admin()
  for (const one of missing)
    try {
      await admin.createTopics({ topics: [one], waitForLeaders: true })
    } catch (error) {
      const { topic, replicationFactor = 1 } = one
      throw refusedTopic(error, { kafka, topic, operation: 'Create', replicationFactor })
    }
}
