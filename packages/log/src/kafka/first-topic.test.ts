import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import { openKafkaLog } from './kafka-log.ts'

test('a sink that is there before the first topic says so once, and reads it within seconds of its being made', {
  timeout: 90_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const said: string[] = []
  const observer = {
    warn: (sentence: string) => said.push(sentence),
    begun: (sentence: string) => said.push(sentence),
  }
  const log = openKafkaLog(
    { brokers: kafka.brokers, prefix: `first-topic-${process.pid}`, createTopics: { replicationFactor: 1 } },
    { clock: systemClock, observer },
  )
  t.after(() => log.close())
  const source = log.source('siem', { batchMax: 100 })
  await source.connect(AbortSignal.timeout(20_000))
  const writer = await log.writer('lab')
  await writer.publish(makeEntries(0, 3), 'three')
  const startedMs = systemClock.monotonic()
  const delivery = await source.read(AbortSignal.timeout(40_000))
  const ms = systemClock.monotonic() - startedMs
  assert.equal(delivery?.batch.length, 3)
  t.diagnostic(`${Math.round(ms)} ms`)
  assert.ok(ms < 12_000, `${ms} ms`)
  await delivery.settle()
  await source.close()
  assert.equal(said.length, 2, said.join('\n'))
  assert.match(said[0] ?? '', /there is no topic/)
  assert.match(said[1] ?? '', /^sink siem: there is first-topic-\d+\.events\.lab now, and it is read$/)
})
