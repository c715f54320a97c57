import { committedOf, kcat, type SeenRecord, seenByKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import type { LoggedEvent, LoggedState } from '../read-ends.ts'

/** The log on Kafka, by kcat: committed records only. What has no `seq` was written by somebody else and is no event. */
export async function readKafkaLog(
  brokers: readonly string[],
  prefix: string,
  foundations: readonly string[],
): Promise<LoggedState> {
  const events: LoggedEvent[] = []
  for (const foundation of foundations)
    for (const { guid, seq, headers } of await seen(brokers, `${prefix}.events.${foundation}`))
      if (!Number.isNaN(seq))
        events.push({
          foundation,
          guid,
          type: headers['type'] ?? '',
          createdAtSec: Number(headers['created_at']),
        })
  return { events, ...(await deadLetters(brokers, `${prefix}.dead-letters`)) }
}

/** A topic that is gone holds nothing: whatever was in it is lost, and the checker says so. */
async function seen(brokers: readonly string[], topic: string): Promise<readonly SeenRecord[]> {
  try {
    return await seenByKcat(brokers, topic)
  } catch (error) {
    if (String(error).includes('Unknown topic or partition')) return []
    throw error
  }
}

/** Each once: a letter that was written again after a crash is the same letter. */
async function deadLetters(brokers: readonly string[], topic: string) {
  const text = await kcat(brokers, [...committedOf(topic), '-f', '%k\n'])
  const identities = new Set(text.split('\n').filter(line => line !== ''))
  const origins = [...identities].map(identity => (JSON.parse(identity) as string[])[1])
  const malformed = origins.filter(origin => origin === 'poller').length
  return { malformed, refused: origins.length - malformed }
}
