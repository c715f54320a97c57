import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import { checkKafkaLog } from './check-kafka-log.ts'
import { openKafkaLog } from './kafka-log.ts'

/** So that most looks meet a commit, and the process still has time to look. */
const betweenMs = 30

describe('check', { skip: reasonToSkipKafka(), concurrency: 2 }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  for (const delivery of ['exactly-once', 'at-least-once'] as const)
    test(`beside a poller that commits all the time, from its first event on, warns of nothing (${delivery})`, async t => {
      const createTopics = { replicationFactor: 1 }
      const prefix = `beside-${process.pid}-${delivery}`
      const options = { brokers: kafka.brokers, prefix, delivery, createTopics }
      const log = openKafkaLog(options, { clock: systemClock })
      let [isDone, published] = [false, 0]
      t.after(async () => {
        isDone = true
        await polling
        await log.close()
      })
      const writer = await log.writer('lab')
      const poll = async () => {
        while (!isDone) {
          await writer.publish(makeEntries(published, 3), `${published + 3}`)
          published += 3
          await systemClock.sleep(betweenMs)
        }
      }
      const polling = poll()
      const asked = { kafka: options, foundations: ['lab'], polls: true, sinks: [], topics: createTopics }
      for (let run = 0; run < 12; run++) {
        const at = published
        assert.deepEqual(await checkKafkaLog(asked, systemClock), [
          { verdict: 'ok', text: `1 broker, delivery ${delivery}` },
        ])
        assert.ok(published > at, 'it published meanwhile')
      }
    })
})
