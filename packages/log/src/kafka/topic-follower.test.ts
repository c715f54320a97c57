import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaRecord, PartitionReader } from './partition-reader.ts'
import { TopicFollower } from './topic-follower.ts'

class Values {
  readonly all: string[] = []
  apply({ value }: KafkaRecord): void {
    this.all.push(String(value))
  }
}

/** A topic whose records the test holds, and which counts those that were read. */
class FalseTopic {
  records: (KafkaRecord | null)[] = []
  earliest = 0
  read = 0

  add(...values: readonly string[]): void {
    for (const value of values)
      this.records.push({
        topic: 't',
        offset: BigInt(this.records.length),
        timestampMs: 1,
        key: Buffer.from('k'),
        value: Buffer.from(value),
        headers: {},
      })
  }

  get reader(): PartitionReader {
    const topic = this
    return {
      edge: async (_: string, edge: string) =>
        BigInt(edge === 'earliest' ? topic.earliest : topic.records.length),
      async *read(_: string, from: bigint, to: bigint) {
        for (const record of topic.records)
          if (record !== null && record.offset >= from && record.offset < to) {
            topic.read++
            yield record
          }
      },
    } as unknown as PartitionReader
  }
}

test('a second look reads what is new, and the last record before that', async () => {
  const topic = new FalseTopic()
  const follower = new TopicFollower('t', () => new Values())
  assert.deepEqual((await follower.look(topic.reader)).all, [])
  topic.add(...Array.from({ length: 100 }, (_, i) => `${i}`))
  assert.equal((await follower.look(topic.reader)).all.length, 100)
  topic.add('100')
  topic.read = 0
  assert.equal((await follower.look(topic.reader)).all.at(-1), '100')
  assert.equal(topic.read, 2)
  await follower.look(topic.reader)
  assert.equal(topic.read, 3, 'nothing is new')
})

test('a topic that was made anew is read from its beginning, shorter or longer than before', async () => {
  for (const length of [1, 2, 5]) {
    const topic = new FalseTopic()
    const follower = new TopicFollower('t', () => new Values())
    topic.add('a', 'b')
    await follower.look(topic.reader)
    topic.records = []
    const anew = Array.from({ length }, (_, i) => `new ${i}`)
    topic.add(...anew)
    assert.deepEqual((await follower.look(topic.reader)).all, anew)
  }
})

test('what retention or compaction has taken is not counted on', async () => {
  const topic = new FalseTopic()
  const follower = new TopicFollower('t', () => new Values())
  topic.add('a', 'b')
  await follower.look(topic.reader)
  topic.add('c')
  topic.records[1] = null
  assert.deepEqual((await follower.look(topic.reader)).all, ['a', 'c'])
  topic.add('d')
  topic.earliest = 3
  topic.records[0] = topic.records[2] = null
  assert.deepEqual((await follower.look(topic.reader)).all, ['d'])
})

test('two that look at once take turns', async () => {
  const topic = new FalseTopic()
  const follower = new TopicFollower('t', () => new Values())
  topic.add('a')
  const [one, other] = await Promise.all([follower.look(topic.reader), follower.look(topic.reader)])
  assert.deepEqual([one.all, other.all], [['a'], ['a']])
})
