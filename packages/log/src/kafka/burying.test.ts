import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  ClusterAdmin,
  type KafkaCluster,
  reasonToSkipKafka,
  shareKafka,
  until,
} from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { letter } from '../contract-suite/made-up-entries.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'

describe('burying', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  let admin: ClusterAdmin
  before(async () => {
    kafka = await shareKafka()
    admin = new ClusterAdmin(kafka.brokers)
  })
  after(() => kafka?.stop())

  /** A log whose topics are there, opened by somebody who makes none. */
  async function madeLog(t: test.TestContext, prefix: string) {
    const options = { brokers: kafka.brokers, prefix }
    const making = openKafkaLog(
      { ...options, createTopics: { replicationFactor: 1 } },
      { clock: systemClock },
    )
    await (await making.writer('lab')).close()
    await making.close()
    const log = openKafkaLog(options, { clock: systemClock })
    t.after(() => log.close())
    return log
  }

  /** Deleted, and no broker knows it any more. */
  async function gone(topic: string) {
    await admin.deleteTopics([topic])
    const isGone = () =>
      admin.leaderOf(topic).then(
        () => false,
        () => true,
      )
    await until(`${topic} to be gone`, isGone, 10_000)
  }

  test('needs none of the topics that a sink may not see', async t => {
    const prefix = `bury-alone-${process.pid}`
    const log = await madeLog(t, prefix)
    await gone(`${prefix}.ledger.lab`)
    await log.bury([letter('a')])
    assert.deepEqual(
      (await log.deadLetters(9)).map(({ key }) => key),
      ['a'],
    )
    await gone(`${prefix}.dead-letters`)
    await assert.rejects(log.bury([letter('b')]), (error: Error) => {
      assert.ok(error instanceof KafkaStateError)
      assert.match(error.message, /has no topic \S+\.dead-letters, or/)
      return true
    })
  })

  test('counts those no more that an operator has deleted: some after a start, all at once', async t => {
    const prefix = `bury-deleted-${process.pid}`
    const log = await madeLog(t, prefix)
    const topic = `${prefix}.dead-letters`
    await log.bury([letter('a'), letter('b')])
    const countOf = async (one: typeof log) =>
      (await one.deadLetterCounts()).reduce((sum, { count }) => sum + count, 0)
    assert.equal(await countOf(log), 2)
    const kafkajs = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    t.after(() => kafkajs.disconnect())
    await kafkajs.connect()
    const upTo = async (offset: string) => {
      await kafkajs.fetchTopicOffsets(topic)
      await kafkajs.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] })
    }
    await upTo('1')
    const again = openKafkaLog({ brokers: kafka.brokers, prefix }, { clock: systemClock })
    t.after(() => again.close())
    assert.equal(await countOf(again), 1)
    await upTo('-1')
    assert.deepEqual([await countOf(log), await countOf(again)], [0, 0])
  })

  test('is a thing to try again whatever the brokers refuse it for', async t => {
    const prefix = `bury-again-${process.pid}`
    const log = await madeLog(t, prefix)
    const topic = `${prefix}.dead-letters`
    const burying = () =>
      log.bury([letter('a')]).then(
        () => null,
        (error: Error) => error,
      )
    const refusals: Error[] = []
    const isRefused = async () => {
      const error = await burying()
      if (error !== null) refusals.push(error)
      return error !== null
    }
    await admin.setTopicConfig(topic, { 'max.message.bytes': '10' })
    await until('a refusal', isRefused, 10_000)
    assert.ok(refusals[0] instanceof KafkaUnavailableError)
    assert.match(refusals[0].message, new RegExp(`${topic} took no dead letter: .*larger`))
    await admin.setTopicConfig(topic, { 'max.message.bytes': '1000000' })
    await until('it to be taken', async () => (await burying()) === null, 10_000)
    assert.equal((await log.deadLetters(9)).length, 1)
  })
})
