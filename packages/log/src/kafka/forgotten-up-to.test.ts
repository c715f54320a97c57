import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ClusterAdmin, type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import { openKafkaLog } from './kafka-log.ts'

describe('a topic from which the brokers have removed events', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  for (const delivery of ['exactly-once', 'at-least-once'] as const)
    test(`says until when what came may be forgotten, ${delivery}`, async t => {
      const prefix = `forgotten-${delivery}-${process.pid}`
      const log = openKafkaLog(
        { brokers: kafka.brokers, prefix, delivery, createTopics: { replicationFactor: 1 } },
        { clock: systemClock },
      )
      t.after(() => log.close())
      const nowMs = Date.parse('2026-11-22T12:00:00Z')
      const entries = makeEntries(0, 10).map((entry, i) => ({ ...entry, receivedAtMs: nowMs + i * 1_000 }))
      const writer = await log.writer('lab')
      await writer.publish(entries.slice(0, 5), 'five')
      await writer.publish(entries.slice(5), 'ten')
      const admin = new ClusterAdmin(kafka.brokers)
      const topic = `${prefix}.events.lab`
      const offsets = (await Array.fromAsync(log.events({}))).map(({ offset }) => offset)
      for (const [left, upTo] of [
        [7, 3],
        [5, 5],
        [2, 8],
      ] as const) {
        await admin.deleteRecords(topic, BigInt(offsets[10 - left] ?? 0))
        assert.equal(await writer.forgottenUpToMs(), nowMs + upTo * 1_000)
      }
      await admin.deleteRecords(topic, (await admin.endsOf(topic)).all)
      assert.equal(await writer.forgottenUpToMs(), nowMs + 9_000, 'of all of them: when the newest had come')
      await writer.close()
    })
})
