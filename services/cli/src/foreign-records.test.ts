import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { kcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { receiverOf } from './command-for-tests.ts'
import { sendableEntries } from './entries-for-tests.ts'
import { eventually } from './lab-for-tests.ts'
import { startWorker } from './worker-for-tests.ts'

/** Goal: nothing that lies among the events is passed by in silence. Method: kcat writes records whose key is no guid. */
test('a record without a key goes into the dead letters, even when it holds an event, and the sink goes on', {
  timeout: 40_000,
}, async t => {
  if (skipWithoutKafka(t) || skipWithoutKcat(t)) return
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const prefix = `foreign-${process.pid}`
  const log = openKafkaLog(
    { brokers: kafka.brokers, prefix, createTopics: { replicationFactor: 1 } },
    { clock: systemClock },
  )
  t.after(() => log.close())
  const topic = `${prefix}.events.lab`
  const writer = await log.writer('lab')
  await writer.publish(sendableEntries('lab', 0, 3), 'three')
  const [event] = sendableEntries('lab', 10, 1)
  const values = [Buffer.from('no Avro'), Buffer.from(event?.bytes ?? [])]
  const delimiter = '<end of record>'
  const [to, ends] = [
    ['-t', topic, '-p', '0'],
    ['-D', delimiter],
  ]
  for (const value of values)
    await kcat(kafka.brokers, ['-P', ...to, ...ends], Buffer.concat([value, Buffer.from(delimiter)]))
  // A key and no value, as whoever deletes by key writes it.
  await kcat(kafka.brokers, ['-P', ...to, '-Z', '-K', ':'], 'some-key:\n')
  await writer.publish(sendableEntries('lab', 3, 3), 'six')

  const { receiver, url } = await receiverOf(t)
  receiver.quiet = true
  const { counts } = startWorker(t, log, url)
  await eventually(async () => counts.settled === 9)
  assert.deepEqual([receiver.received, counts.buried], [6, 3])
  const letters = (await log.deadLetters(9)).toReversed()
  assert.deepEqual(
    letters.map(({ origin, raw }) => [origin, Buffer.from(raw).toString('hex')]),
    [...values, Buffer.alloc(0)].map(value => ['siem', value.toString('hex')]),
  )
  const lacks = ['no key, which is the guid', 'no key, which is the guid', 'neither a value nor a seq']
  for (const [i, { reason }] of letters.entries())
    assert.match(reason, new RegExp(`the record at offset \\d+ of ${topic} has ${lacks[i]}`))
  assert.equal((await log.positions())[0]?.lag, 0)
})
