import type { SinkCursor } from '../embedded/migration-source.ts'
import { differences } from '../kafka/event-record.ts'
import { KafkaStateError } from '../kafka/kafka-error.ts'
import type { KafkaRecord } from '../kafka/partition-reader.ts'
import { EventDigest } from './event-digest.ts'
import type { StoredEvent } from './stored-event.ts'

export interface Copy {
  /** Records in Kafka: all of them are the events of the log, from its first on, in order. */
  readonly records: number
  /** Of what Kafka holds. */
  readonly digest: string
  /** By sink, the offset after the last record it has had. */
  readonly places: ReadonlyMap<string, bigint>
  /** In Kafka, of the last record. */
  readonly lastOffset: bigint | null
  /** The event that it is. */
  readonly last: StoredEvent | null
}

/**
 * Reads both side by side, to the end of what Kafka has.
 * @throws KafkaStateError at the first record that is not the event in its place
 */
export async function compareCopy(
  foundation: string,
  batches: Iterable<readonly StoredEvent[]>,
  target: { records(): AsyncIterable<KafkaRecord>; firstOffset(): Promise<bigint> },
  sinks: readonly SinkCursor[],
  signal: AbortSignal,
): Promise<Copy> {
  const first = await target.firstOffset()
  const places = new Map(sinks.map(({ sink }) => [sink, first]))
  const [there, here] = [new EventDigest(), new EventDigest()]
  const events = each(batches)
  let records = 0
  let lastOffset: bigint | null = null
  let last: StoredEvent | null = null
  for await (const record of target.records()) {
    signal.throwIfAborted()
    const { value: event, done } = events.next()
    const where = `${record.topic}, offset ${record.offset}`
    if (done === true) throw notOurs(foundation, `${where}: more than the log holds`)
    const wrong = differences(record, event)
    if (wrong.length > 0)
      throw notOurs(foundation, `${where}: not event ${event.seq} of the log (${wrong.join(', ')})`)
    there.add(record.key ?? '', record.value)
    here.add(event.guid, event.bytes)
    for (const { sink, offset } of sinks) if (event.offset <= offset) places.set(sink, record.offset + 1n)
    lastOffset = record.offset
    last = event
    records++
  }
  const digest = there.hex()
  if (digest !== here.hex()) throw notOurs(foundation, `the digests of ${records} events differ`)
  return { records, digest, places, lastOffset, last }
}

function* each(batches: Iterable<readonly StoredEvent[]>): Generator<StoredEvent, undefined> {
  for (const batch of batches) yield* batch
}

function notOurs(foundation: string, found: string): KafkaStateError {
  return new KafkaStateError(
    `what Kafka holds of ${foundation} is not the beginning of this log. ${found}. Nothing was marked: delete the ` +
      'topics of this foundation if nobody needs them, or set another log.kafka.prefix, and run this again',
  )
}
