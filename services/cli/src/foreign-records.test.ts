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
test('what is no event goes into the dead letters, each record of those that are alike and one that only lacks a key, and the sink goes on', {
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
  const noAvro = Buffer.from('no Avro')
  const values = [noAvro, noAvro, Buffer.from(event?.bytes ?? [])]
  const delimiter = '<end of record>'
  const [to, ends] = [
    ['-t', topic, '-p', '0'],
    ['-D', delimiter],
  ]
  for (const value of values)
    await kcat(kafka.brokers, ['-P', ...to, ...ends], Buffer.concat([value, Buffer.from(delimiter)]))
  await writer.publish(sendableEntries('lab', 3, 3), 'six')
  await kcat(kafka.brokers, ['-P', ...to, '-K', ':'], `some-key:${noAvro}\nsome-key:${noAvro}\n`)
  // A key and no value, as whoever deletes by key writes it.
  await kcat(kafka.brokers, ['-P', ...to, '-Z', '-K', ':'], 'some-key:\n')
  const idle = log.source('idle', { batchMax: 9 })
  await idle.connect(AbortSignal.timeout(20_000))
  await eventually(async () => (await log.positions())[0]?.lag === 6)
  await idle.close()

  const { receiver, url } = await receiverOf(t)
  receiver.quiet = true
  const { counts, firstBuried } = startWorker(t, log, url)
  await eventually(async () => counts.settled === 12)
  assert.deepEqual([receiver.received, counts.buried], [6, 6])
  const letters = (await log.deadLetters(9)).toReversed()
  const [first] = firstBuried
  const reason = letters[0]?.reason ?? ''
  assert.deepEqual(first, { foundation: 'lab', offset: Number(/at offset (\d+)/.exec(reason)?.[1]), reason })
  assert.deepEqual(
    letters.map(({ origin, raw }) => [origin, Buffer.from(raw).toString('hex')]),
    [...values, noAvro, noAvro, Buffer.alloc(0)].map(value => ['siem', value.toString('hex')]),
  )
  const [noKey, noValue] = ['no key, which is the guid', 'neither a value nor a seq']
  for (const [i, lacks] of [noKey, noKey, noKey, null, null, noValue].entries())
    assert.match(
      letters[i]?.reason ?? '',
      lacks === null ? /Avro/ : new RegExp(`the record at offset \\d+ of ${topic} has ${lacks}`),
    )
  await eventually(async () => (await log.positions()).find(({ sink }) => sink === 'siem')?.lag === 0)
})
