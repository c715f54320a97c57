import type { Clock } from '@cf-audit-drain/pipeline'
import type { ITopicConfig } from 'kafkajs'
import type { KafkaClient } from './kafka-client.ts'
import type { KafkaOptions } from './kafka-options.ts'
import { isUnauthorized, refusedTopic } from './refused.ts'

const answeringMs = 10_000
const retryMs = 100

/** One after the other, so that a refusal names its topic; one that somebody else has made meanwhile is no error. */
export async function makeTopics(
  client: KafkaClient,
  missing: readonly ITopicConfig[],
  kafka: KafkaOptions,
  clock: Clock,
): Promise<void> {
  for (const one of missing)
    try {
      await client.asAdmin(admin => admin.createTopics({ topics: [one], waitForLeaders: false }))
    } catch (error) {
      const { topic, replicationFactor = 1 } = one
      throw refusedTopic(error, { kafka, topic, operation: 'Create', replicationFactor })
    }
  for (const { topic } of missing) await answering(client, topic, clock)
}

/** A broker knows that it leads a topic a moment before it can be asked for it. Nobody fails for that. */
async function answering(client: KafkaClient, topic: string, clock: Clock): Promise<void> {
  const startedMs = clock.monotonic()
  while (clock.monotonic() - startedMs < answeringMs)
    try {
      const reader = await client.reader()
      await reader.edge(topic, 'earliest')
      return
    } catch (error) {
      if (isUnauthorized(error)) return
      await clock.sleep(retryMs)
    }
}
