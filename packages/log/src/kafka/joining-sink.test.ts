import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import type { SinkPosition } from '../ports.ts'
import { openKafkaLog } from './kafka-log.ts'

/*
 * Goal: whoever asks how far the sinks are at the moment in which one joins for the first time is not told that its group
 * is hidden. Method: the question asked every few milliseconds, so that some answers are on their way when it joins.
 */
test('a sink that joins while its place is asked for is not taken for one that is hidden', {
  timeout: 60_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const log = await freshLog(t)
  const writer = await log.writer('lab')
  await writer.publish(makeEntries(0, 10), 'ten')
  await log.positions()
  let isOver = false
  const asked: Promise<readonly SinkPosition[]>[] = []
  const asking = (async () => {
    while (!isOver) {
      asked.push(log.positions())
      await systemClock.sleep(3)
    }
  })()
  for (const name of ['siem', 'other', 'third']) {
    const source = log.source(name, { batchMax: 100 })
    t.after(() => source.close())
    await source.connect(AbortSignal.timeout(20_000))
  }
  isOver = true
  await asking
  const told = (await Promise.all(asked)).flat()
  assert.ok(asked.length > 10, `${asked.length} questions`)
  assert.deepEqual(
    told.flatMap(({ hidden }) => hidden?.message ?? []),
    [],
  )
  assert.deepEqual((await log.positions()).map(({ sink }) => sink).toSorted(), ['other', 'siem', 'third'])
})

async function freshLog(t: TestContext) {
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const log = openKafkaLog(
    {
      brokers: kafka.brokers,
      prefix: `joining-${process.pid}`,
      createTopics: { replicationFactor: 1 },
      sessionTimeoutMs: 1_500,
    },
    { clock: systemClock },
  )
  t.after(() => log.close())
  return log
}
