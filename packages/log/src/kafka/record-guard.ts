import { putIntoKafkajs } from './pinned-kafkajs.ts'
import { encodeRecord, type RecordToEncode } from './record-encoder.ts'

interface ToGroup<M> {
  readonly topic: string
  readonly partitionMetadata: readonly unknown[]
  readonly messages: readonly M[]
  readonly partitioner: (one: { topic: string; partitionMetadata: readonly unknown[]; message: M }) => number
}

/** kafkajs takes 512 bytes for every record, and for every header of it, before it knows what they need. */
putIntoKafkajs('src/protocol/recordBatch/record/v0/index.js', (record: RecordToEncode) => {
  const bytes = encodeRecord(record)
  // What its callers take of an Encoder.
  return { buf: bytes, buffer: bytes }
})

/** kafkajs copies all that came before for every message: of a thousand messages, half a million. */
putIntoKafkajs(
  'src/producer/groupMessagesPerPartition.js',
  <M>({ topic, partitionMetadata, messages, partitioner }: ToGroup<M>) => {
    const grouped: Record<number, M[]> = {}
    if (partitionMetadata.length === 0) return grouped
    for (const message of messages) {
      const partition = partitioner({ topic, partitionMetadata, message })
      grouped[partition] ??= []
      grouped[partition].push(message)
    }
    return grouped
  },
)
