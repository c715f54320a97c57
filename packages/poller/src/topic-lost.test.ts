import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ClusterAdmin, type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { kcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

describe('a topic of events that was deleted', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  test('has after a start from retention again all that Cloud Controller shows', async t => {
    if (skipWithoutKcat(t)) return
    const prefix = `topic-lost-${process.pid}`
    const openLog = async (startAnew: readonly string[] = []) =>
      openKafkaLog(
        { brokers: kafka.brokers, prefix, createTopics: { replicationFactor: 1 }, startAnew },
        { clock: systemClock },
      )
    const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 }, {}, {}, openLog)
    one.foundation.insert(
      Array.from({ length: 200 }, (_, i) => ({ createdAtUs: one.agoUs(10 * 60_000 + (i * hourMs) / 2) })),
    )
    await one.started(60_000)
    assert.deepEqual(await one.differences(), nothingWrong)
    await one.stop()
    await one.log.close()
    const topic = `${prefix}.events.test`
    await new ClusterAdmin(kafka.brokers).deleteTopics([topic])
    await one.until(async () => !(await kcat(kafka.brokers, ['-L'])).includes(topic))
    one.use(await openLog(['test']))
    await one.started(60_000)
    const { lost, ...rest } = await one.differences()
    t.diagnostic(`${lost.length} lost; ${JSON.stringify(one.poller.status().ledger)}`)
    assert.deepEqual({ lost, ...rest }, nothingWrong)
    assert.deepEqual(await ledgerFaults(one.log), [])
  })
})
