import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { skipWithoutKafka, startKafka, until } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { ISocketFactory } from 'kafkajs'
import { KafkaClient } from './kafka-client.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { NearbyReplicas } from './nearby-replicas.ts'

const topic = 'rack-aware'
const fetchKey = 1

test('a sink reads from the replica in its rack, and from the leader while that one is down', {
  timeout: 180_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const kafka = await startKafka({
    brokers: 3,
    properties: nodeId => ({
      'broker.rack': `rack-${nodeId}`,
      'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
    }),
  })
  t.after(() => kafka.stop())
  if (!kafka.isOurs) return t.skip('KAFKA_BROKERS is set: its racks are not ours to say')
  const { producer, leader } = await topicOnAll(t, kafka.brokers)
  const nearby = leader === 3 ? 1 : leader + 1
  const near = kafka.brokers[nearby - 1]
  const fetches: string[] = []
  const client = new KafkaClient(
    { brokers: kafka.brokers, socketFactory: countingFetches(broker => fetches.push(broker)) },
    systemClock,
  )
  t.after(() => client.close())
  const reader = await client.newReader(`rack-${nearby}`)
  const read: string[] = []
  let [sent, at] = [0, 0n]
  /** Sends and reads one after the other; which brokers were asked meanwhile. */
  const sendAndRead = async (count: number): Promise<readonly string[]> => {
    fetches.length = 0
    for (let i = 0; i < count; i++) {
      await producer.send({ topic, messages: [{ key: String(sent++), value: 'x' }], acks: -1 })
      while (read.length < sent) {
        const [fetched] = await reader.fetch(new Map([[topic, at]]), 500)
        read.push(...(fetched?.records ?? []).map(({ key }) => String(key)))
        at = fetched?.nextOffset ?? at
      }
    }
    return [...fetches]
  }
  await sendAndRead(1)
  const before = await sendAndRead(20)
  assert.deepEqual([...new Set(before)], [near], 'all of them are asked of the replica in the rack')

  await kafka.broker(nearby - 1).kill()
  const meanwhile = await sendAndRead(20)
  assert.ok(!meanwhile.includes(String(near)))
  assert.ok(meanwhile.length < 60, `${meanwhile.length} fetches of 20 records: nobody asks in vain`)
  await kafka.broker(nearby - 1).start()
  await sendAndRead(20)
  assert.deepEqual(
    read,
    Array.from({ length: sent }, (_, i) => String(i)),
  )
})

test('a replica is followed until it fails or five minutes have gone, and avoided for half a minute then', () => {
  let nowMs = 0
  const clock = { ...systemClock, monotonic: () => nowMs }
  const nearby = new NearbyReplicas('rack-1', clock)
  nearby.named('a', -1)
  nearby.named('b', undefined)
  assert.deepEqual([nearby.nodeOf('a'), nearby.nodeOf('b')], [null, null])
  assert.equal(nearby.avoid(['a', 'b']), false)
  nearby.named('a', 2)
  assert.deepEqual([nearby.nodeOf('a'), nearby.rackFor('a')], ['2', 'rack-1'])
  assert.equal(nearby.avoid(['a', 'b']), true)
  nearby.named('a', 2)
  assert.deepEqual([nearby.nodeOf('a'), nearby.rackFor('a'), nearby.rackFor('b')], [null, '', 'rack-1'])
  assert.equal(nearby.avoid(['a']), false, 'the second attempt is at the leader')
  nowMs += 30_000
  nearby.named('a', 3)
  assert.equal(nearby.nodeOf('a'), '3')
  nowMs += 300_000
  assert.equal(nearby.nodeOf('a'), null)
})

async function topicOnAll(t: TestContext, brokers: readonly string[]) {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  // kafkajs fails where the broker it asks has not heard of the topic yet.
  await admin.createTopics({
    topics: [{ topic, numPartitions: 1, replicationFactor: 3 }],
    waitForLeaders: false,
  })
  const known = () => admin.fetchTopicMetadata({ topics: [topic] }).catch(() => null)
  await until(
    'the topic has its replicas',
    async () => (await known())?.topics[0]?.partitions[0]?.isr.length === 3,
    30_000,
  )
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  const [partition] = topics[0]?.partitions ?? []
  assert.ok(partition)
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  t.after(() => producer.disconnect())
  return { producer, leader: partition.leader }
}

/** Each request begins with its size, INT32, and its key, INT16. */
function countingFetches(fetched: (broker: string) => void): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, onConnect)
    const write = socket.write.bind(socket)
    socket.write = (bytes: string | Uint8Array, ...rest: unknown[]): boolean => {
      if (Buffer.isBuffer(bytes) && bytes.readInt16BE(4) === fetchKey) fetched(`${host}:${port}`)
      return Reflect.apply(write, socket, [bytes, ...rest])
    }
    return socket
  }
}
