import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { isoSec } from '@cf-audit-drain/log'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { killAtTelling } from './testing/kill-at-telling.ts'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { dayMs, goesOn, minuteMs, shownGuids, watchedSource } from './testing/watched-source.ts'

describe('losses at the source, told into Kafka', { skip: reasonToSkipKafka(), concurrency: 2 }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const logAt = (prefix: string, delivery: 'exactly-once' | 'at-least-once') => async () =>
    openKafkaLog(
      { brokers: kafka.brokers, prefix, delivery, createTopics: { replicationFactor: 1 } },
      { clock: systemClock },
    )

  test('a row that is a dead letter alone is told to be lost by a process that has not buried it', async t => {
    const openLog = logAt(`source-letter-${process.pid}`, 'exactly-once')
    const one = await watchedSource(t, { days: 1, everyMin: 30 }, {}, openLog)
    const guid = '0000dead-0000-4000-8000-000000000001'
    const created_at = isoSec(Math.floor(one.agoUs(0) / 1e6))
    one.foundation.insert([{ text: JSON.stringify({ guid, created_at, type: null, data: {} }) }])
    await goesOn(one, 2)
    one.foundation.delete([guid])
    while (one.poller.status().ledger?.gone !== 1) await one.passCalmly(minuteMs)
    assert.deepEqual(await one.told(), [])
    await one.stop()
    await one.log.close()
    one.use(await openLog())
    await one.started()
    await goesOn(one, 6)
    assert.deepEqual(
      (await one.told()).map(({ target }) => target?.guid),
      [guid],
    )
    assert.equal(one.poller.status().source?.suspected, 0)
  })

  let scenes = 0
  for (const delivery of ['exactly-once', 'at-least-once'] as const)
    for (const when of ['before', 'after'] as const)
      test(`single ones and a truncation are told once, ${delivery}, killed right ${when} telling`, async t => {
        const prefix = `source-${process.pid}-${++scenes}`
        const openLog = logAt(prefix, delivery)
        const one = await watchedSource(t, { days: 2, everyMin: 15 }, {}, openLog)
        const isYoung = (ago: number) => ago < 0.9 * dayMs
        const lost = shownGuids(one, isYoung).filter((_, i) => i % 20 === 5)
        await one.stop()
        const state = killAtTelling(one, when)
        await one.started()
        one.foundation.delete(lost)
        for (let i = 0; !state.isKilled && i < 20; i++) await goesOn(one, 0)
        assert.ok(state.isKilled)
        await one.stop()
        await one.log.close()
        one.use(await openLog())
        await one.started()
        await goesOn(one, 5)
        assert.deepEqual((await one.told()).map(({ target }) => target?.guid).toSorted(), lost.toSorted())
        const [first] = await one.told()
        assert.equal(JSON.parse(first?.data ?? '{}').lost.type, 'audit.app.update')
        const left = shownGuids(one, () => true).length
        // What was never read cannot be missed.
        await one.until(async () => (await one.differences()).lost.length === 0, 60_000)
        one.foundation.truncate()
        await goesOn(one, 6)
        const more = (await one.told()).slice(lost.length)
        assert.deepEqual(
          more.map(({ type, data }) => [type, JSON.parse(data).count]),
          [['cf-audit-drain.source.truncated', left]],
        )
        assert.deepEqual(await ledgerFaults(one.log), [])
      })
})
