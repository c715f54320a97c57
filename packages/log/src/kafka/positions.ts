import type { Clock } from '@cf-audit-drain/pipeline'
import type { SinkPosition } from '../ports.ts'
import { committedOffsets } from './committed-offsets.ts'
import { seqOf } from './event-record.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { KafkaRecord, PartitionReader } from './partition-reader.ts'

/**
 * How far a sink is, over all foundations. Offsets count control records and aborted ones, so the lag comes from the
 * sequence numbers of the events: of the first that was not delivered, and of the newest. `offset` is how many were
 * delivered.
 */
export async function positionOf(
  sink: string,
  group: string,
  topics: readonly string[],
  client: KafkaClient,
  clock: Clock,
): Promise<SinkPosition> {
  const admin = await client.admin()
  const reader = await client.reader()
  const committed = await committedOffsets(admin, group, topics, clock)
  let [offset, lag, oldestUndeliveredMs] = [0, 0, null as number | null]
  for (const { topic, partitions } of committed) {
    const last = await reader.last(topic)
    const newest = last === null ? 0 : (seqOf(last) ?? 0)
    const next = BigInt(partitions[0]?.offset ?? -1)
    const first = await firstFrom(reader, topic, next)
    const waiting = first === null ? 0 : newest - (seqOf(first) ?? newest) + 1
    lag += waiting
    offset += newest - waiting
    if (first !== null) oldestUndeliveredMs = Math.min(oldestUndeliveredMs ?? Infinity, first.timestampMs)
  }
  return { sink, offset, lag, oldestUndeliveredMs }
}

/** The first committed record at or after the offset; null when there is none. */
async function firstFrom(
  reader: PartitionReader,
  topic: string,
  offset: bigint,
): Promise<KafkaRecord | null> {
  const earliest = await reader.edge(topic, 'earliest')
  const from = offset > earliest ? offset : earliest
  for await (const record of reader.read(topic, from, await reader.edge(topic, 'committed'))) return record
  return null
}
