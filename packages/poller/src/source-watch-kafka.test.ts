import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { killAtTelling } from './testing/kill-at-telling.ts'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { dayMs, goesOn, shownGuids, watchedSource } from './testing/watched-source.ts'

describe('losses at the source, told into Kafka', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  let scenes = 0
  for (const delivery of ['exactly-once', 'at-least-once'] as const)
    for (const when of ['before', 'after'] as const)
      test(`single ones and a truncation are told once, ${delivery}, killed right ${when} telling`, async t => {
        const prefix = `source-${process.pid}-${++scenes}`
        const openLog = async () =>
          openKafkaLog(
            { brokers: kafka.brokers, prefix, delivery, createTopics: { replicationFactor: 1 } },
            { clock: systemClock },
          )
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
