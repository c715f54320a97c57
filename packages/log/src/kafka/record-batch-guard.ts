import { codecOf } from './compression.ts'
import { fromKafkajs, putIntoKafkajs } from './pinned-kafkajs.ts'
import { readBatchHead, readRecords } from './record-batch.ts'

/** Of kafkajs/src/protocol/decoder.js. */
interface Decoder {
  readonly buffer: Buffer
  offset: number
}

const { KafkaJSPartialMessageError } = fromKafkajs('src/errors.js') as {
  readonly KafkaJSPartialMessageError: new (message: string) => Error
}

/**
 * kafkajs makes some forty objects of every record it fetches, headers nobody asks for among them, and this was most of
 * what a sink did. Ours stands in its place; its caller takes the same error for a batch that is cut off.
 */
putIntoKafkajs('src/protocol/recordBatch/v0/decoder.js', async (fetched: Decoder) => {
  const bytes = fetched.buffer.subarray(fetched.offset)
  const head = readBatchHead(bytes)
  if (head === null) throw new KafkaJSPartialMessageError('the last batch of this fetch is cut off')
  fetched.offset += head.bytes
  const packed = bytes.subarray(61, head.bytes)
  if (head.count <= 0) return { ...head.context, records: [] }
  const codec = codecOf(head.attributes)
  const records = codec === null ? packed : await codec.decompress(packed)
  return { ...head.context, records: readRecords(head, records) }
})
