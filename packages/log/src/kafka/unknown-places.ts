import type { Clock } from '@cf-audit-drain/pipeline'
import { committedOffsets } from './committed-offsets.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { Names } from './names.ts'

/** Of each sink whose group knows no place for foundations with records, a sentence; reads what a sink may read. */
export async function unknownPlaces(
  sinks: readonly string[],
  { client, names, clock }: { readonly client: KafkaClient; readonly names: Names; readonly clock: Clock },
): Promise<readonly string[]> {
  const topics = names.eventsAmong(await client.topicNames())
  if (topics.length === 0) return []
  const reader = await client.reader()
  const sentences: string[] = []
  for (const sink of sinks) {
    const group = names.sinkGroup(sink)
    const committed = await client.asAdmin(admin => committedOffsets(admin, group, topics, clock))
    const waiting: string[] = []
    for (const { topic, partitions } of committed) {
      if (BigInt(partitions[0]?.offset ?? -1) >= 0n) continue
      const records = (await reader.edge(topic, 'committed')) - (await reader.edge(topic, 'earliest'))
      if (records > 0n) waiting.push(`${names.foundationOf(topic)} (at most ${records} records)`)
    }
    if (waiting.length > 0)
      sentences.push(
        `sink ${sink}: its group ${group} knows no place for ${waiting.join(', ')}: it begins at the oldest record there is, ` +
          'and what it delivered before, if it did, comes again',
      )
  }
  return sentences
}
