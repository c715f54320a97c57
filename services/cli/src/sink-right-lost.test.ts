import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type KafkaCluster, skipWithoutKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { type GivenRight, rightsOfUser } from '@cf-audit-drain/log/testing/acls'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, receiverOf, temporary } from './command-for-tests.ts'
import { sendableEntries } from './entries-for-tests.ts'
import { eventually, LabRun } from './lab-for-tests.ts'

const user = 'cf-audit-sink'
const password = 's-word'
const onGroup: GivenRight = { resource: 'group', prefix: 'cf-audit.sink.', operation: 'Read' }
const onTopics: readonly GivenRight[] = [
  { resource: 'topic', prefix: 'cf-audit.', operation: 'Read' },
  { resource: 'topic', prefix: 'cf-audit.', operation: 'Write' },
]

/** Goal: a sink that loses its right in mid-run says so wherever one looks, and goes on once it has it again. */
test('a sink that loses the right to its group is not ready and names it within seconds, and goes on after the mend', {
  timeout: 240_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const kafka = await startKafka({ secured: { users: { [user]: password } } })
  t.after(() => kafka.stop())
  if (!kafka.isOurs) return t.skip('KAFKA_BROKERS is set: its rights are not ours to change')
  const rights = await rightsOfUser(kafka.brokers, user)
  t.after(() => rights.close())
  await rights.give(...onTopics, onGroup)

  const log = openKafkaLog(
    { brokers: kafka.brokers, createTopics: { replicationFactor: 1 } },
    { clock: systemClock },
  )
  t.after(() => log.close())
  const writer = await log.writer('lab')
  await writer.publish(sendableEntries('lab', 0, 10), 'ten')

  const { sink, receiver, status, ready, metric } = await startSink(t, kafka)
  const isUp = () => metric('cf_audit_sink_up{sink="siem"}')
  await eventually(async () => receiver.received === 10 && (await status()).state === 'delivering')
  assert.equal(await isUp(), 1)

  const before = sink.out().length
  await rights.takeAll('group')
  const lostMs = systemClock.monotonic()
  const sentence = /does not allow this login Read on the group cf-audit\.sink\.siem; do: kafka-acls/
  await eventually(async () => sentence.test((await ready()).reasons?.join() ?? ''))
  const noticedMs = systemClock.monotonic() - lostMs
  t.diagnostic(`noticed after ${Math.round(noticedMs)} ms`)
  assert.ok(noticedMs < 15_000)
  const failing = await status()
  assert.equal(failing.state, 'failing')
  assert.match(failing.lastError.message, sentence)
  assert.equal(await isUp(), 0)
  const unread = () => metric('cf_audit_sink_unread{sink="siem"}')
  assert.equal(await unread(), 1)

  await writer.publish(sendableEntries('lab', 10, 10), 'twenty')
  // Long enough for a joining that is refused to be tried over and over.
  const untilMs = systemClock.monotonic() + 20_000
  await eventually(async () => {
    assert.equal((await ready()).ready, false)
    return systemClock.monotonic() > untilMs
  })
  assert.equal(receiver.received, 10)
  assert.equal(await metric('cf_audit_log_up'), 0)
  assert.match(JSON.parse(await sink.get('/status')).log.problem, sentence)
  const lines = sink.out().slice(before).split('\n')
  t.diagnostic(`${lines.length} lines`)
  assert.ok(lines.length < 25, lines.join('\n'))
  assert.doesNotMatch(sink.err(), /MaxListenersExceeded/)

  await rights.give(onGroup)
  await eventually(async () => receiver.received === 20)
  await eventually(async () => (await ready()).ready && (await isUp()) === 1)
  assert.equal((await status()).state, 'delivering')
  assert.deepEqual([await metric('cf_audit_log_up'), await unread()], [1, 0])
})

/** With what one asks it. */
async function startSink(t: TestContext, kafka: KafkaCluster) {
  const { receiver, url } = await receiverOf(t)
  receiver.quiet = true
  const dir = temporary(t)
  const file = join(dir, 'config.yaml')
  const config = {
    log: { kafka: { brokers: kafka.secured, sasl: { mechanism: 'PLAIN', username: user, password } } },
    sinks: [{ name: 'siem', url }],
    http: { address: '127.0.0.1:0' },
  }
  writeFileSync(file, JSON.stringify(config))
  const process = begin(['sink', '--config', file], { DATA_DIR: join(dir, 'data') })
  t.after(() => process.child.kill('SIGKILL'))
  const sink = new LabRun(process)
  const status = async () => JSON.parse(await sink.get('/status')).sinks[0]
  const ready = async () => JSON.parse(await sink.get('/readyz'))
  const metric = async (series: string) => {
    const lines = (await sink.get('/metrics')).split('\n')
    return Number(lines.find(line => line.startsWith(`${series} `))?.slice(series.length + 1))
  }
  return { sink, receiver, status, ready, metric }
}
