import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { fromKafkajs } from './pinned-kafkajs.ts'
import { readBatchHead, readRecords } from './record-batch.ts'
import { encodeRecord, type RecordToEncode } from './record-encoder.ts'

/** kafkajs as it is without our guards: the other opinion. What a broker and kcat say of it, kafka-log.test.ts shows. */
const kafkajsRecord = fromKafkajs('src/protocol/recordBatch/record/v0/index.js') as (one: RecordToEncode) => {
  readonly buffer: Buffer
}
const { RecordBatch } = fromKafkajs('src/protocol/recordBatch/v0/index.js') as {
  RecordBatch(batch: object): Promise<{ readonly buffer: Buffer }>
}

const seed = 20_261_122
const random = seededRandom(seed)
const upTo = (max: number) => Math.floor(random() * max)

function bytes(max: number): Buffer {
  return Buffer.from(Array.from({ length: upTo(max) }, () => upTo(256)))
}

function randomRecord(i: number): RecordToEncode & { readonly key: Buffer; readonly value: Buffer | null } {
  return {
    offsetDelta: i,
    timestampDelta: upTo(2) === 0 ? upTo(100) : upTo(2 ** 40),
    key: bytes(40),
    value: upTo(10) === 0 ? null : bytes(20_000),
    headers: Object.fromEntries(Array.from({ length: upTo(6) }, (_, n) => [`name-${n}-ä`, bytes(200)])),
  }
}

async function batchOf(records: readonly RecordToEncode[], more: object = {}): Promise<Buffer> {
  const encoded = records.map(record => {
    const buffer = encodeRecord(record)
    return { buf: buffer, buffer }
  })
  const { buffer } = await RecordBatch({
    firstOffset: '9007199254740000',
    firstTimestamp: '1795334250123',
    maxTimestamp: '1795334259999',
    lastOffsetDelta: records.length - 1,
    producerId: '4611686018427387904',
    transactional: true,
    records: encoded,
    ...more,
  })
  return Buffer.from(buffer)
}

test(`a record is encoded byte for byte as kafkajs encodes it (seed ${seed})`, () => {
  for (let i = 0; i < 300; i++) {
    const record = randomRecord(upTo(2) === 0 ? i : upTo(2 ** 30))
    if (record.value !== null)
      assert.deepEqual(encodeRecord(record), Buffer.from(kafkajsRecord(record).buffer))
  }
  const texts = { key: 'schlüssel', value: 'wert', headers: { one: ['a', Buffer.from('b')], two: '' } }
  assert.deepEqual(encodeRecord(texts), Buffer.from(kafkajsRecord(texts).buffer))
})

test(`what was encoded is read back, offsets and times added up (seed ${seed})`, async () => {
  const records = Array.from({ length: 100 }, (_, i) => randomRecord(i))
  const batch = await batchOf(records)
  const head = readBatchHead(Buffer.concat([batch, Buffer.from('the next batch')]))
  assert(head)
  assert.equal(head.bytes, batch.length)
  assert.deepEqual(head.context, {
    producerId: '4611686018427387904',
    inTransaction: true,
    firstOffset: '9007199254740000',
    lastOffsetDelta: 99,
  })
  const read = readRecords(head, batch.subarray(61))
  assert.equal(read.length, 100)
  for (const [i, record] of records.entries()) {
    const one = read[i]
    assert(one)
    assert.equal(one.offset, String(9_007_199_254_740_000 + i))
    assert.equal(one.timestamp, String(1_795_334_250_123 + (record.timestampDelta ?? 0)))
    assert.deepEqual([one.key, one.value], [record.key, record.value])
    assert.deepEqual(one.headers, record.headers)
    assert.equal(one.isControlRecord, false)
    assert.equal(one.batchContext, head.context)
  }
})

test('a header that is there twice has both values', async () => {
  const batch = await batchOf([{ key: 'k', value: 'v', headers: { a: ['1', '2'], b: '3' } }])
  const head = readBatchHead(batch)
  assert(head)
  const [record] = readRecords(head, batch.subarray(61))
  assert.deepEqual(record?.headers, { a: [Buffer.from('1'), Buffer.from('2')], b: Buffer.from('3') })
  const one = ['a', 'b', 'c', ''].map(name => record?.header?.(name)?.toString() ?? null)
  assert.deepEqual(one, ['1', '3', null, null])
})

test('records that the broker stamped have its time', async () => {
  const batch = await batchOf([{ timestampDelta: 5, key: 'k', value: 'v' }])
  batch.writeInt16BE(batch.readInt16BE(21) | 0x08, 21)
  const head = readBatchHead(batch)
  assert(head)
  assert.equal(readRecords(head, batch.subarray(61))[0]?.timestamp, '1795334259999')
})

test('a batch that is cut off is none, wherever it is cut', async () => {
  const batch = await batchOf([{ key: 'k', value: 'v' }])
  for (let end = 0; end < batch.length; end++) assert.equal(readBatchHead(batch.subarray(0, end)), null)
})

test(`damaged records are an error, and never read beyond their end (seed ${seed})`, async () => {
  const batch = await batchOf([randomRecord(0), randomRecord(1), randomRecord(2)])
  const head = readBatchHead(batch)
  assert(head)
  const records = batch.subarray(61)
  assert.throws(
    () => readRecords(head, records.subarray(0, -1)),
    /record batch at 9007199254740000: record 2 has/,
  )
  batch.writeInt32BE(48, 8)
  assert.throws(() => readBatchHead(batch), /its length is 48/)
  assert.throws(() => readRecords({ ...head, count: 4 }, records), /ends in the middle of a number/)
  for (let i = 0; i < 500; i++) {
    const damaged = Buffer.from(records)
    damaged[upTo(100)] = upTo(256)
    try {
      for (const { key, value } of readRecords(head, damaged))
        assert((key?.length ?? 0) + (value?.length ?? 0) <= records.length)
    } catch (error) {
      assert(error instanceof RangeError, String(error))
    }
  }
})
