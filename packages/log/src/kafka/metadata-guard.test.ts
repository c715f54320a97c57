import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipWithoutKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { checkKafkaLog } from './check-kafka-log.ts'
import { typesOf } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { planTopics } from './manage-topics.ts'

const foundation = 'eu'
const stranger = 'of-a-stranger'
const settings = { replicationFactor: 3, minInsyncReplicas: 2 }
/** kafkajs tries for 15 s to see a leader of every topic. */
const soonMs = 8_000

test('a topic of somebody else that has no leader keeps neither a writer nor a check waiting', {
  timeout: 180_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const cluster = await startKafka({ brokers: 3 })
  t.after(() => cluster.stop())
  if (!cluster.isOurs) return t.skip('KAFKA_BROKERS is set: its brokers are not ours to kill')
  const { brokers } = cluster
  const kafka = { brokers, createTopics: settings }
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.createTopics({
    topics: [{ topic: stranger, replicaAssignment: [{ partition: 0, replicas: [3] }] }],
  })
  await admin.disconnect()
  const open = () => openKafkaLog(kafka, { clock: systemClock })
  const first = open()
  await (await first.writer(foundation)).close()
  await first.close()
  await cluster.broker(2).kill()
  await untilLeaderless(brokers)

  const startedMs = systemClock.monotonic()
  const log = open()
  const writer = await log.writer(foundation)
  assert.equal((await writer.publish([], '{"a":1}')).published, 0)
  await writer.close()
  await log.close()
  assert.ok(systemClock.monotonic() - startedMs < soonMs, `${systemClock.monotonic() - startedMs} ms`)

  const checkedMs = systemClock.monotonic()
  const what = { kafka, foundations: [foundation], polls: true, sinks: ['siem'], topics: settings }
  const findings = await checkKafkaLog(what, systemClock)
  assert.deepEqual(
    findings.filter(({ verdict }) => verdict === 'FAIL'),
    [],
  )
  assert.deepEqual(await planTopics({ kafka, foundations: [foundation], settings }, systemClock), [])
  assert.ok(systemClock.monotonic() - checkedMs < 2 * soonMs, `${systemClock.monotonic() - checkedMs} ms`)
})

/** Until the brokers themselves say that the stranger's topic has no leader. */
async function untilLeaderless(brokers: readonly string[]): Promise<void> {
  for (;;) {
    const admin = new Kafka({
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    }).admin()
    try {
      await admin.connect()
      await admin.fetchTopicMetadata({ topics: [stranger] })
    } catch (error) {
      if (typesOf(error).includes('LEADER_NOT_AVAILABLE')) return
    } finally {
      await admin.disconnect()
    }
  }
}
