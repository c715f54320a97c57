import type { LogRecord } from '../ports.ts'
import { createdAtSecOf, toLogRecord } from './event-record.ts'
import type { KafkaRecord, PartitionReader } from './partition-reader.ts'

interface FoundationTopic {
  readonly foundation: string
  readonly topic: string
}

interface Wanted {
  readonly sinceSec: number | null
  readonly newestFirst: boolean
}

/** An event may be stamped this much ahead of when it came, by clocks that differ. */
const aheadMs = 600_000
const chunk = 500n

/** Events of several topics in the order in which they came, or the reverse; what was there when it began. */
export async function* eventsOf(
  reader: PartitionReader,
  topics: readonly FoundationTopic[],
  wanted: Wanted,
): AsyncGenerator<LogRecord> {
  const heads = await Promise.all(
    topics.map(async ({ foundation, topic }) => {
      const records = await recordsOf(reader, topic, wanted)
      return { foundation, records, head: await records.next() }
    }),
  )
  for (;;) {
    const open = heads.filter(({ head }) => !head.done)
    const first = open.reduce<(typeof heads)[number] | null>(
      (best, one) => (best === null || isBefore(one.head.value, best.head.value, wanted) ? one : best),
      null,
    )
    if (first === null) return
    const record = first.head.value as KafkaRecord
    const read = toLogRecord(first.foundation, record)
    if (read !== null && (createdAtSecOf(record) ?? 0) >= (wanted.sinceSec ?? 0)) yield read
    first.head = await first.records.next()
  }
}

function isBefore(
  one: KafkaRecord | undefined,
  other: KafkaRecord | undefined,
  { newestFirst }: Wanted,
): boolean {
  const difference = (one?.timestampMs ?? 0) - (other?.timestampMs ?? 0)
  return newestFirst ? difference > 0 : difference < 0
}

async function recordsOf(
  reader: PartitionReader,
  topic: string,
  { sinceSec, newestFirst }: Wanted,
): Promise<AsyncGenerator<KafkaRecord, undefined>> {
  const to = await reader.edge(topic, 'committed')
  const from =
    sinceSec === null
      ? await reader.edge(topic, 'earliest')
      : ((await reader.offsetAt(topic, sinceSec * 1000 - aheadMs)) ?? to)
  return newestFirst ? backwards(reader, topic, from, to) : forwards(reader, topic, from, to)
}

async function* forwards(reader: PartitionReader, topic: string, from: bigint, to: bigint) {
  yield* reader.read(topic, from, to)
  return undefined
}

async function* backwards(reader: PartitionReader, topic: string, from: bigint, to: bigint) {
  for (let end = to; end > from; end -= chunk) {
    const start = end - chunk > from ? end - chunk : from
    yield* (await Array.fromAsync(reader.read(topic, start, end))).toReversed()
  }
  return undefined
}
