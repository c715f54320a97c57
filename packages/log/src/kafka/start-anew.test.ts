import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { Admin } from 'kafkajs'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import type { EventLog } from '../ports.ts'
import { checkKafkaLog } from './check-kafka-log.ts'
import { checkpointStates } from './checkpoint-states.ts'
import { KafkaStateError } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import type { Delivery } from './kafka-options.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { loseGroup } from './lose-group-for-tests.ts'
import { Names } from './names.ts'

const deliveries = ['exactly-once', 'at-least-once'] as const

describe('a foundation on Kafka whose checkpoint is gone', {
  skip: reasonToSkipKafka(),
  concurrency: 3,
}, () => {
  let kafka: KafkaCluster
  let admin: Admin
  let prefixes = 0

  before(async () => {
    kafka = await shareKafka()
    admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
  })
  after(async () => {
    await admin?.disconnect()
    await kafka?.stop()
  })

  /** Five events, their checkpoint, and hands to take it away. */
  const polled = async (t: test.TestContext, delivery: Delivery = 'exactly-once') => {
    const opened: EventLog[] = []
    t.after(async () => {
      for (const log of opened) await log.close()
    })
    const prefix = `start-anew-${process.pid}-${++prefixes}`
    const names = new Names(prefix)
    const warnings: string[] = []
    const settings = { replicationFactor: 1, minInsyncReplicas: 1 }
    const options = { brokers: kafka.brokers, prefix, delivery, createTopics: settings }
    const open = (startAnew: readonly string[] = []) => {
      const observer = { warn: (sentence: string) => warnings.push(sentence) }
      const log = openKafkaLog({ ...options, startAnew }, { clock: systemClock, observer })
      opened.push(log)
      return log
    }
    const writer = await open().writer('lab')
    await writer.publish(makeEntries(0, 5), 'five')
    await writer.close()
    const check = async () => {
      const asked = { kafka: options, foundations: ['lab'], polls: true, sinks: [], topics: settings }
      const found = await checkKafkaLog(asked, systemClock)
      return found.map(one => `${one.verdict} ${one.verdict === 'FAIL' ? one.error.message : one.text}`)
    }
    return {
      names,
      options,
      warnings,
      open,
      check,
      state: async () => (await checkpointStates(options, ['lab'], systemClock)).get('lab'),
      loseGroup: (seq = 5) => loseGroup(admin, names, 'lab', seq),
      loseMirror: async () => {
        await admin.deleteTopics({ topics: [names.state('lab')] })
        const configEntries = [{ name: 'cleanup.policy', value: 'compact' }]
        await admin.createTopics({ topics: [{ topic: names.state('lab'), configEntries }] })
      },
    }
  }

  /** As another program would. */
  const commitOtherwise = async (names: Names, committed: { offset: string; metadata: string }) => {
    const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING })
    const producer = client.producer({ transactionalId: `${names.events('lab')}.other`, idempotent: true })
    await producer.connect()
    const transaction = await producer.transaction()
    const topics = [{ topic: names.events('lab'), partitions: [{ partition: 0, ...committed }] }]
    await transaction.sendOffsets({ consumerGroupId: names.checkpointGroup('lab'), topics })
    await transaction.commit()
    await producer.disconnect()
  }

  for (const delivery of deliveries)
    test(`is told by check, step by step, and is refused until the operator says where to go on (${delivery})`, async t => {
      const { check, state, open, loseGroup, loseMirror } = await polled(t, delivery)
      assert.deepEqual(await check(), [`ok 1 broker, delivery ${delivery}`])
      assert.equal(await state(), 'sound')
      await loseGroup()
      assert.equal(await state(), 'sound')
      assert.match(
        (await check()).join('\n'),
        /WARN the checkpoint group of lab is (gone|not there), .* from its mirror/,
      )
      await loseMirror()
      assert.equal(await state(), 'lost')
      assert.match(
        (await check()).join('\n'),
        /FAIL there are events of lab and no checkpoint: .*--start-from/,
      )
      await assert.rejects(open().writer('lab'), KafkaStateError)
      await assert.rejects(open(['another']).writer('lab'), KafkaStateError)
    })

  for (const delivery of deliveries)
    test(`goes on when he has: numbers go on, what the log holds is not doubled, and the next start needs no word (${delivery})`, async t => {
      if (skipWithoutKcat(t)) return
      const { names, state, open, loseGroup, loseMirror, warnings } = await polled(t, delivery)
      await loseGroup()
      await loseMirror()
      const writer = await open(['lab']).writer('lab')
      assert.equal(writer.checkpoint, null)
      assert.match(warnings.join(), /no checkpoint: .*going on by --start-from, after event 5/)
      assert.equal((await writer.publish(makeEntries(3, 5), 'eight')).published, 3)
      await writer.close()
      assert.equal(await state(), 'sound')
      const seen = await seenByKcat(kafka.brokers, names.events('lab'))
      assert.deepEqual(
        seen.map(({ guid, seq }) => [guid, seq]),
        makeEntries(0, 8).map(({ guid }, i) => [guid, i + 1]),
      )
      const next = await open().writer('lab')
      assert.equal(next.checkpoint, 'eight')
    })

  test('is the operator to decide on again when it is lost once more, in the same process, too', async t => {
    const { open, loseGroup, loseMirror } = await polled(t, 'exactly-once')
    await loseGroup()
    await loseMirror()
    const log = open(['lab'])
    const writer = await log.writer('lab')
    await writer.publish(makeEntries(5, 1), 'six')
    await writer.close()
    await loseGroup(6)
    await loseMirror()
    await assert.rejects(log.writer('lab'), /no checkpoint: .*--start-from/)
  })

  for (const delivery of deliveries)
    test(`and whose state topic is not there is told by check, and goes on at the first word (${delivery})`, async t => {
      const { check, names, state, open, loseGroup, warnings } = await polled(t, delivery)
      await admin.deleteTopics({ topics: [names.state('lab')] })
      assert.equal(await state(), 'sound')
      assert.match((await check()).join('\n'), /WARN the mirror of the checkpoint of lab is gone/)
      await loseGroup()
      assert.equal(await state(), 'lost')
      assert.match(
        (await check()).join('\n'),
        /FAIL there are events of lab and no checkpoint: .*--start-from/,
      )
      const writer = await open(['lab']).writer('lab')
      assert.match(warnings.join(), /no checkpoint: .*going on by --start-from, after event 5/)
      assert.equal((await writer.publish(makeEntries(5, 1), 'six')).published, 1)
      assert.equal(await state(), 'sound')
    })

  for (const delivery of deliveries)
    test(`whose events were deleted is lost as well, and is never taken for a new one (${delivery})`, async t => {
      const { check, names, open, state } = await polled(t, delivery)
      await admin.deleteTopics({ topics: [names.events('lab')] })
      assert.equal(await state(), 'lost')
      await assert.rejects(
        open().writer('lab'),
        /counts 5 events, and its topic ends at event 0: .*--start-from/,
      )
      assert.equal(await state(), 'lost')
      assert.match((await check()).join('\n'), /FAIL the checkpoint of lab counts 5 events/)
      assert.equal((await open(['lab']).writer('lab')).checkpoint, null)
    })

  test('a sound checkpoint is gone on from, also when the operator has said otherwise', async t => {
    const { open } = await polled(t)
    const writer = await open(['lab']).writer('lab')
    assert.equal(writer.checkpoint, 'five')
  })

  test('a checkpoint and a mirror that disagree are a warning of check', async t => {
    const { check, names } = await polled(t)
    await commitOtherwise(names, { offset: '4', metadata: 'four' })
    assert.match(
      (await check()).join('\n'),
      /WARN the checkpoint of lab \(event 4\) and its mirror \(event 5\) differ: going on from the older one/,
    )
  })

  for (const delivery of deliveries)
    for (const value of ['checkpoint=garbage', null])
      test(`a mirror that somebody else has written is told by check and poller, and written anew: ${value} (${delivery})`, async t => {
        const { check, names, open, warnings } = await polled(t, delivery)
        const producer = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).producer()
        await producer.connect()
        t.after(() => producer.disconnect())
        await producer.send({ topic: names.state('lab'), messages: [{ key: 'checkpoint', value }] })
        const told = /the newest record of the mirror of the checkpoint of lab cannot be read, or was emptied/
        assert.match((await check()).join('\n'), new RegExp(`WARN ${told.source}`))
        const writer = await open().writer('lab')
        assert.equal(writer.checkpoint, 'five')
        assert.match(warnings.join(), told)
        await writer.publish(makeEntries(5, 1), 'six')
        assert.doesNotMatch((await check()).join('\n'), told)
      })

  for (const delivery of deliveries)
    test(`a group that somebody has reset is told as that, and the mirror is gone on from (${delivery})`, async t => {
      const { check, names, open, warnings } = await polled(t, delivery)
      await commitOtherwise(names, { offset: '5', metadata: '' })
      const told =
        /the checkpoint group of lab holds an offset and no checkpoint: somebody else has written it, .*: going on from its mirror$/m
      assert.match((await check()).join('\n'), new RegExp(`^WARN ${told.source}`, 'm'))
      assert.equal((await open().writer('lab')).checkpoint, 'five')
      assert.match(warnings.join('\n'), told)
      assert.doesNotMatch(warnings.join('\n'), /week without polling/)
    })

  test('a topic with two partitions, one that is missing and one for small events only are told by check', async t => {
    const { check, names, open } = await polled(t)
    await admin.createPartitions({ topicPartitions: [{ topic: names.events('lab'), count: 2 }] })
    assert.match((await check()).join('\n'), /FAIL .*events\.lab: more than one partition.*topics plan/)
    await assert.rejects(open().writer('lab'), /more than one partition/)
    const source = open().source('siem', { batchMax: 9 })
    await assert.rejects(source.connect(AbortSignal.timeout(9_000)), /more than one partition/)

    const other = await polled(t)
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: 2,
          name: other.names.events('lab'),
          configEntries: [{ name: 'max.message.bytes', value: '1048588' }],
        },
      ],
    })
    assert.match((await other.check()).join('\n'), /WARN .*events\.lab takes no large events .*topics apply/)
    await admin.deleteTopics({ topics: [other.names.deadLetters] })
    assert.match(
      (await other.check())[0] ?? '',
      new RegExp(`^ok .*, topics to be made at the first start: ${other.names.deadLetters}$`),
    )
  })
})
