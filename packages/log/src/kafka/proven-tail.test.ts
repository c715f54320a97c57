import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka, until } from '@cf-audit-drain/kafka-broker'
import { seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { baseSec, guidsOf, makeEntries } from '../contract-suite/made-up-entries.ts'
import { emptyWindow } from '../ledger/ledger-window.ts'
import type { EventLog } from '../ports.ts'
import { forgetfulSockets } from './forgetful-sockets-for-tests.ts'
import { KafkaClient } from './kafka-client.ts'
import { KafkaUnavailableError } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { Names } from './names.ts'
import { earliestWhereGone, positionAt } from './waiting-records.ts'

/**
 * Goal: a broker that was stopped and answers what was true then neither doubles events nor makes the writer forget what it has
 * recorded. Method: a real broker whose answers about the ends of topics are changed on their way (`kafka-half-open` has brokers
 * that do so themselves, now and then).
 */
describe('a broker that believes that it leads still', { skip: reasonToSkipKafka(), concurrency: 3 }, () => {
  let kafka: KafkaCluster
  let prefixes = 0

  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const fresh = (t: test.TestContext) => {
    const prefix = `proven-tail-${process.pid}-${++prefixes}`
    const opened: EventLog[] = []
    t.after(async () => {
      for (const log of opened) await log.close()
    })
    const aProcess = (startAnew: readonly string[] = []) => {
      const sockets = forgetfulSockets()
      const { brokers } = kafka
      const createTopics = { replicationFactor: 1 }
      const log = openKafkaLog(
        { brokers, prefix, createTopics, startAnew, socketFactory: sockets.factory },
        { clock: systemClock },
      )
      opened.push(log)
      return { log, sockets }
    }
    const endsOf = async (topic: string) => {
      const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
      await admin.connect()
      const [end] = await admin.fetchTopicOffsets(topic)
      await admin.disconnect()
      return BigInt(end?.high ?? -1)
    }
    return { names: new Names(prefix), aProcess, endsOf }
  }
  const always = 1_000

  for (const isStale of [['events'], ['events', 'state'], ['state'], ['ledger']] as const)
    test(`at the opening, about ${isStale.join(' and ')}: the first publish is given up, and nothing is doubled`, async t => {
      if (skipWithoutKcat(t)) return
      const { names, aProcess, endsOf } = fresh(t)
      const window = emptyWindow({ fromSec: baseSec, toSec: baseSec + 10 })
      const first = await aProcess().log.writer('lab')
      await first.publish(makeEntries(0, 3), 'three', [], { windows: [window] })
      const topics = { events: names.events('lab'), state: names.state('lab'), ledger: names.ledger('lab') }
      const ends = new Map<string, bigint>()
      for (const which of isStale) ends.set(topics[which], await endsOf(topics[which]))
      await first.publish(makeEntries(3, 5), 'eight', [], { windows: [window] })
      await first.close()

      const { log, sockets } = aProcess()
      for (const [topic, end] of ends) sockets.forget(topic, end, always)
      const outcome = await log.writer('lab').then(
        async writer => {
          for (const [topic, end] of ends) sockets.forget(topic, end, 0)
          const published = await writer
            .publish(makeEntries(0, 9), 'nine', [], { windows: [window] })
            .catch((error: Error) => error)
          await writer.close()
          return published
        },
        (error: Error) => error,
      )
      assert.ok(sockets.told > 0, 'it was asked')
      assert.ok(outcome instanceof Error, 'it went on from what was no longer true')
      for (const [topic, end] of ends) sockets.forget(topic, end, 0)
      const next = await log.writer('lab')
      assert.equal(next.checkpoint, 'eight')
      assert.equal((await next.publish(makeEntries(0, 9), 'nine', [], { windows: [window] })).published, 1)
      await next.close()
      const seen = await seenByKcat(kafka.brokers, names.events('lab'))
      assert.deepEqual(
        seen.map(({ guid, seq }) => [guid, seq]),
        makeEntries(0, 9).map(({ guid }, i) => [guid, i + 1]),
      )
      const tallies = await log.tallies()
      assert.equal(
        tallies.reduce((sum, { count }) => sum + count, 0),
        9,
        'each is counted once',
      )
    })

  test('at the opening, for a moment: nobody is told that events were lost', async t => {
    const { names, aProcess, endsOf } = fresh(t)
    const first = await aProcess().log.writer('lab')
    await first.publish(makeEntries(0, 3), 'three')
    const end = await endsOf(names.events('lab'))
    await first.publish(makeEntries(3, 5), 'eight')
    await first.close()
    const { log, sockets } = aProcess()
    sockets.forget(names.events('lab'), end, 5)
    const writer = await log.writer('lab')
    assert.equal(sockets.told, 5)
    assert.equal(writer.checkpoint, 'eight')
    assert.equal((await writer.publish(makeEntries(0, 9), 'nine')).published, 1)
    await writer.close()
  })

  test('at the opening, and still when windows are looked at: their events are not taken for gone', async t => {
    const { names, aProcess, endsOf } = fresh(t)
    const first = await aProcess().log.writer('lab')
    await first.publish([], 'nothing yet')
    const before = await endsOf(names.events('lab'))
    const windows = [emptyWindow({ fromSec: baseSec, toSec: baseSec + 10 })]
    const placed = (await first.publish(makeEntries(0, 10), 'ten', [], { windows })).windows
    await first.close()
    // Otherwise the opening itself notices that events are missing.
    const { log, sockets } = aProcess(['lab'])
    sockets.forget(names.events('lab'), before, always)
    const opened = await log.writer('lab')
    sockets.forget(names.events('lab'), before, 3)
    const found = (await Array.fromAsync(opened.guidsOf(placed))).map(({ guid }) => guid)
    assert.deepEqual(found, guidsOf(makeEntries(0, 10)))
    await opened.close()
  })

  test('later: what this writer has published is read to its end, or it is said that it cannot be', async t => {
    const { names, aProcess, endsOf } = fresh(t)
    const { log, sockets } = aProcess()
    const writer = await log.writer('lab')
    await writer.publish([], 'nothing yet')
    const before = await endsOf(names.events('lab'))
    const windows = [emptyWindow({ fromSec: baseSec, toSec: baseSec + 10 })]
    const placed = (await writer.publish(makeEntries(0, 10), 'ten', [], { windows })).windows
    const readings = {
      guidsOf: () => Array.fromAsync(writer.guidsOf(placed)),
      guids: () => Array.fromAsync(writer.guids(0)),
      places: () => Array.fromAsync(writer.places(0)),
      eventsOf: () => Array.fromAsync(placed[0] === undefined ? [] : writer.eventsOf(placed[0])),
    }
    for (const [name, read] of Object.entries(readings)) {
      const told = sockets.told
      sockets.forget(names.events('lab'), before, 2)
      const found = (await read()).map(({ guid }) => guid)
      assert.deepEqual(found, guidsOf(makeEntries(0, 10)), name)
      assert.equal(sockets.told - told, 2, name)
    }
    sockets.forget(names.events('lab'), before, always)
    await assert.rejects(readings.guidsOf(), (error: unknown) => {
      assert.ok(error instanceof KafkaUnavailableError, String(error))
      assert.match(error.message, /ends at offset 0 for the broker that was asked, and at 10 for those/)
      return true
    })
    await writer.close()
  })

  test('to a sink that has read more than it knows: it goes on where it was, unless the topic stays so short', async t => {
    const { names, aProcess } = fresh(t)
    const writer = await aProcess().log.writer('lab')
    await writer.publish(makeEntries(0, 10), 'ten')
    await writer.close()
    const sockets = forgetfulSockets()
    /** Whose patience is a twentieth of what it is. */
    const clock = { ...systemClock, monotonic: () => 20 * systemClock.monotonic() }
    const client = new KafkaClient({ brokers: kafka.brokers, socketFactory: sockets.factory }, clock)
    t.after(() => client.close())
    const reader = await client.newReader()
    const topic = names.events('lab')
    sockets.forget(topic, 3n, 2)
    assert.equal(await earliestWhereGone(reader, topic, positionAt(10n)), null)
    assert.equal(sockets.told, 2)
    assert.equal(await earliestWhereGone(reader, topic, positionAt(-1n)), 0n, 'retention has passed it')
    sockets.forget(topic, 3n, always)
    assert.equal(await earliestWhereGone(reader, topic, positionAt(3n)), null)
    assert.equal(await earliestWhereGone(reader, topic, positionAt(10n)), 0n, 'the topic was made anew')
  })

  test('a topic that was deleted and made anew between two publishes is noticed by the second', async t => {
    const { names, aProcess } = fresh(t)
    const { log } = aProcess()
    const topic = names.events('lab')
    const writer = await log.writer('lab')
    await writer.publish(makeEntries(0, 3), 'three')
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    t.after(() => admin.disconnect())
    await admin.deleteTopics({ topics: [topic] })
    await until('the topic is gone', async () => !(await admin.listTopics()).includes(topic), 60_000)
    // The made-up events are old.
    const configEntries = [{ name: 'retention.ms', value: '-1' }]
    await admin.createTopics({ topics: [{ topic, configEntries }], waitForLeaders: false })
    const isThere = () =>
      admin.fetchTopicOffsets(topic).then(
        ([end]) => end !== undefined,
        () => false,
      )
    await until('the topic is there again', isThere, 60_000)
    await assert.rejects(
      writer.publish(makeEntries(3, 1), 'four'),
      /went to offset 3, and the next record came to 0: the topic was deleted and made anew/,
    )
    await writer.close()
    await assert.rejects(
      log.writer('lab'),
      /counts 3 events, and its topic ends at event \d: the topic was deleted/,
    )
  })

  test('records of others at the end, committed or under way, keep nobody from publishing', async t => {
    const { names, aProcess } = fresh(t)
    const { log } = aProcess()
    const writer = await log.writer('lab')
    const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING })
    const producer = client.producer({ transactionalId: `${names.events('lab')}.other`, idempotent: true })
    await producer.connect()
    const topic = names.events('lab')
    const open = await producer.transaction()
    await open.send({ topic, messages: [{ key: 'not', value: 'ours', partition: 0 }] })
    assert.equal((await writer.publish(makeEntries(0, 2), 'two')).published, 2)
    await open.abort()
    await producer.disconnect()
    await writer.close()
  })
})
