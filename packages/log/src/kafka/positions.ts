import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type { SinkPosition } from '../ports.ts'
import { committedOffsets } from './committed-offsets.ts'
import { seqOf } from './event-record.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { Names } from './names.ts'
import type { KafkaRecord, PartitionReader } from './partition-reader.ts'

/**
 * How far every sink is, over all foundations. Offsets count control records and aborted ones, so the lag comes from
 * the sequence numbers of the events: of the first that was not delivered, and of the newest. `offset` is how many were
 * delivered. A group may be listed and not to be read: `explained` gives the right that is lacking, or the error as it is.
 */
export async function sinkPositions(
  client: KafkaClient,
  names: Names,
  topics: readonly string[],
  clock: Clock,
  explained = async (_: string, error: unknown): Promise<Error> => asError(error),
): Promise<readonly SinkPosition[]> {
  const reader = await client.reader()
  const { groups } = await client.asAdmin(admin => admin.listGroups())
  const newest = new Map<string, number>()
  for (const topic of topics) {
    // What somebody else wrote at the end says nothing of how many events there are.
    const last = await reader.last(topic, record => seqOf(record) !== null)
    newest.set(topic, last === null ? 0 : (seqOf(last) ?? 0))
  }
  const positions: SinkPosition[] = []
  for (const { groupId } of groups) {
    const sink = names.sinkOf(groupId)
    if (sink === null) continue
    try {
      const committed = await client.asAdmin(admin => committedOffsets(admin, groupId, topics, clock))
      const next = committed.map(
        ({ topic, partitions }) => [topic, BigInt(partitions[0]?.offset ?? -1)] as const,
      )
      positions.push({ sink, ...(await wayLeft(reader, new Map(next), newest)) })
    } catch (error) {
      const why = await explained(sink, error)
      if (why === error) throw error
      positions.push(hiddenPosition(sink, why))
    }
  }
  return positions
}

export function hiddenPosition(sink: string, hidden: Error): SinkPosition {
  return { sink, offset: null, lag: null, oldestUndeliveredMs: null, hidden }
}

/** `next`: by topic the offset after the last that was delivered, -1 for none. `newest`: by topic its newest event. */
async function wayLeft(
  reader: PartitionReader,
  next: ReadonlyMap<string, bigint>,
  newest: ReadonlyMap<string, number>,
): Promise<Omit<SinkPosition, 'sink'>> {
  let [offset, lag, oldestUndeliveredMs] = [0, 0, null as number | null]
  for (const [topic, from] of next) {
    const last = newest.get(topic) ?? 0
    const first = await firstFrom(reader, topic, from)
    // The first may have come since the newest was looked up.
    const waiting = first === null ? 0 : Math.max(0, last - (seqOf(first) ?? last) + 1)
    lag += waiting
    offset += last - waiting
    if (first !== null) oldestUndeliveredMs = Math.min(oldestUndeliveredMs ?? Infinity, first.timestampMs)
  }
  return { offset, lag, oldestUndeliveredMs }
}

/** The first committed event at or after the offset that has a payload to deliver; null when there is none. */
async function firstFrom(
  reader: PartitionReader,
  topic: string,
  offset: bigint,
): Promise<KafkaRecord | null> {
  const earliest = await reader.edge(topic, 'earliest')
  const from = offset > earliest ? offset : earliest
  // A batch at a time: of a sink far behind, all but the first record is read for nothing.
  const to = await reader.edge(topic, 'committed')
  for await (const record of reader.read(topic, from, to, { maxBytes: 1 }))
    if (record.value !== null) return record
  return null
}
