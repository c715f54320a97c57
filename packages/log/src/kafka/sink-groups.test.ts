import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import type { EventLog, FoundationWriter } from '../ports.ts'
import { migrationKey } from './foundation-state.ts'
import { typesOf } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { Names } from './names.ts'
import type { SinkSourceObserver } from './sink-source-door.ts'

const batchMax = 20

describe('the workers of a sink on Kafka', { skip: reasonToSkipKafka(), concurrency: 2 }, () => {
  let kafka: KafkaCluster
  let prefixes = 0
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const inFreshLog = (t: TestContext) => {
    const prefix = `groups-${process.pid}-${++prefixes}`
    const names = new Names(prefix)
    const opened: EventLog[] = []
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    t.after(async () => {
      for (const log of opened) await log.close()
      await admin.disconnect()
    })
    const open = (observer: SinkSourceObserver = {}, sessionTimeoutMs = 1_500) => {
      const log = openKafkaLog(
        {
          brokers: kafka.brokers,
          prefix,
          createTopics: { replicationFactor: 1 },
          sessionTimeoutMs,
          topicRefreshMs: 200,
        },
        { clock: systemClock, observer },
      )
      opened.push(log)
      return log
    }
    return { names, admin, open }
  }

  /** Delivers until it is stopped, counting in `seen`; `restMs` is what a receiver takes for a batch. */
  const worker = (
    log: EventLog,
    seen: Map<string, number>,
    restMs = 0,
  ): { readonly ended: Promise<void>; stop(): Promise<void> } => {
    const source = log.source('siem', { batchMax })
    const stopping = new AbortController()
    const run = async () => {
      await source.connect(stopping.signal)
      while (!stopping.signal.aborted) {
        const delivery = await source.read(stopping.signal)
        if (delivery === null) return
        await systemClock.sleep(restMs)
        for (const { foundation, guid } of delivery.batch) {
          const key = `${foundation} ${guid}`
          seen.set(key, (seen.get(key) ?? 0) + 1)
        }
        await delivery.settle()
      }
    }
    const ended = run().catch(error => {
      if (!stopping.signal.aborted) throw error
    })
    return {
      ended,
      stop: async () => {
        stopping.abort()
        await ended
        await source.close()
      },
    }
  }

  test('deliver everything while another joins and leaves, and count what they deliver twice', async t => {
    const { names, admin, open } = inFreshLog(t)
    const foundations = ['f1', 'f2', 'f3', 'f4']
    const perFoundation = 1_000
    const writing = open()
    for (const foundation of foundations) {
      const writer = await writerOf(writing, foundation)
      for (let i = 0; i < perFoundation; i += 250) await writer.publish(makeEntries(i, 250), String(i))
    }
    const seen = new Map<string, number>()
    let twice = 0
    const observer = {
      deliveredTwice: (records: number) => {
        twice += records
      },
    }
    const first = worker(open(observer), seen, 30)
    const second = worker(open(observer), seen, 30)
    await until('a tenth is delivered', () => seen.size > 400)
    const third = worker(open(observer), seen, 30)
    await until('half is delivered', () => seen.size > 2_000)
    await third.stop()
    await until('all is delivered', () => seen.size === foundations.length * perFoundation)
    await admin.connect()
    await until('all is settled', async () => {
      const groups = await admin.fetchOffsets({
        groupId: names.sinkGroup('siem'),
        topics: foundations.map(name => names.events(name)),
      })
      const ends = await Promise.all(groups.map(({ topic }) => admin.fetchTopicOffsets(topic)))
      return groups.every(({ partitions }, i) => partitions[0]?.offset === ends[i]?.[0]?.high)
    })
    await Promise.all([first.stop(), second.stop()])
    const doubles = [...seen.values()].reduce((sum, times) => sum + times - 1, 0)
    t.diagnostic(`${doubles} delivered twice, ${twice} counted`)
    assert.ok(doubles <= twice, `${doubles} were delivered twice, and ${twice} counted`)
    // Three joinings: one of those before it may have to give up what it has in hand.
    assert.ok(doubles <= 3 * batchMax, `${doubles} were delivered twice`)
  })

  test('keep what a slow receiver is being given, and all that is not moved, while others join and leave', async t => {
    const { open } = inFreshLog(t)
    const foundations = ['f1', 'f2', 'f3', 'f4', 'f5', 'f6']
    const writing = open()
    for (const foundation of foundations)
      await (await writerOf(writing, foundation)).publish(makeEntries(0, 100), 'all')
    const seen = new Map<string, number>()
    const twice: number[] = []
    const member = () => open({ deliveredTwice: records => twice.push(records) }, 6_000)
    // Longer than the group takes to be shared out: whatever is in hand then is in hand afterwards.
    const steady = [worker(member(), seen, 1_000), worker(member(), seen, 1_000)]
    for (let joined = 1; joined <= 4; joined++) {
      await until(`${joined} batches more`, () => seen.size >= joined * 2 * batchMax)
      const passing = worker(member(), seen, 1_000)
      await until('it has delivered', () => seen.size >= (joined * 2 + 3) * batchMax)
      await passing.stop()
    }
    await until('all is delivered', () => seen.size === foundations.length * 100, 60_000)
    await Promise.all(steady.map(one => one.stop()))
    const doubles = [...seen.values()].reduce((sum, times) => sum + times - 1, 0)
    t.diagnostic(`${doubles} delivered twice, counted ${twice}`)
    assert.deepEqual([doubles, twice], [0, []])
  })

  test('go on with the other foundations when the topic of one is deleted', async t => {
    const { names, admin, open } = inFreshLog(t)
    const writing = open()
    const writers = new Map<string, FoundationWriter>()
    for (const foundation of ['kept', 'deleted']) {
      const writer = await writerOf(writing, foundation)
      await writer.publish(makeEntries(0, 10), 'ten')
      writers.set(foundation, writer)
    }
    const seen = new Map<string, number>()
    const failures: string[] = []
    const reading = worker(open({ failed: error => failures.push(error.message) }), seen)
    await until('all is delivered', () => seen.size === 20)
    await admin.connect()
    await admin.deleteTopics({ topics: [names.events('deleted')] })
    for (let i = 10; i < 30; i += 10) {
      await writers.get('kept')?.publish(makeEntries(i, 10), String(i))
      await until(`what came after is delivered, ${i}`, () => seen.size === 20 + i)
    }
    await until('it is told', () => failures.some(message => message.includes(names.events('deleted'))))
    assert.ok([...seen.values()].every(times => times === 1))
    // Not taken for a new one: what it held may not have been delivered anywhere.
    await writers.get('deleted')?.close()
    await assert.rejects(writing.writer('deleted'), /the topic was deleted, .*--start-from/)
    await reading.stop()
  })

  test('settle what is in hand of a topic that is deleted with more of it waiting, and read what comes', async t => {
    const { names, admin, open } = inFreshLog(t)
    const writing = open()
    await (await writerOf(writing, 'deleted')).publish(makeEntries(0, 100), 'all')
    const twice: number[] = []
    const source = open({ deliveredTwice: records => twice.push(records) }).source('siem', { batchMax })
    const signal = AbortSignal.timeout(60_000)
    await source.connect(signal)
    const delivery = await source.read(signal)
    await admin.connect()
    await admin.deleteTopics({ topics: [names.events('deleted')] })
    await (await writerOf(writing, 'fresh')).publish(makeEntries(0, 3), 'all')
    await delivery?.settle()
    const next = await source.read(signal)
    assert.deepEqual([next?.batch[0].foundation, next?.batch.length], ['fresh', 3])
    await next?.settle()
    await source.close()
    assert.ok(twice.every(records => records === batchMax))
  })

  /** What the others are, as kafkajs makes a consumer by itself: it knows one way to share out, and not ours. */
  test('share the foundations with workers of an older version, and lose nothing when those go', async t => {
    const { names, open } = inFreshLog(t)
    const writing = open()
    const foundations = ['f1', 'f2', 'f3', 'f4']
    for (const foundation of foundations)
      await (await writerOf(writing, foundation)).publish(makeEntries(0, 100), 'all')
    const older = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).consumer({
      groupId: names.sinkGroup('siem'),
      sessionTimeout: 6_000,
    })
    t.after(() => older.disconnect())
    const shares: (readonly string[])[] = []
    older.on(older.events.GROUP_JOIN, ({ payload }) => shares.push(Object.keys(payload.memberAssignment)))
    await older.connect()
    await older.subscribe({ topics: foundations.map(name => names.events(name)), fromBeginning: true })
    await older.run({ autoCommit: false, eachMessage: async () => undefined })
    await until('it has all', () => shares.at(-1)?.length === foundations.length)
    const seen = new Map<string, number>()
    const newer = worker(open({}, 6_000), seen)
    await until('they share', () => shares.at(-1)?.length === foundations.length / 2)
    await until('half is delivered', () => seen.size === 200)
    await older.disconnect()
    await until('all is delivered', () => seen.size === 400)
    await newer.stop()
    assert.ok([...seen.values()].every(times => times === 1))
  })

  test('go on with the other foundations while one is still being carried here', async t => {
    const { names, admin, open } = inFreshLog(t)
    const writing = open()
    const [good, moving] = [await writerOf(writing, 'good'), await writerOf(writing, 'moving')]
    await good.publish(makeEntries(0, 10), 'ten')
    await moving.publish(makeEntries(0, 10), 'ten')
    const producer = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    t.after(() => producer.disconnect())
    const mark = (value: string | null) =>
      producer.send({ topic: names.state('moving'), messages: [{ key: migrationKey, value }] })
    await mark('{}')
    const seen = new Map<string, number>()
    const failures: string[] = []
    const reading = worker(open({ failed: error => failures.push(error.message) }), seen)
    await until('the other is delivered', () => seen.size === 10)
    await until('it is told', () => failures.some(message => /moving is being carried here/.test(message)))
    await good.publish(makeEntries(10, 10), 'twenty')
    await until('what comes is delivered', () => seen.size === 20)
    await mark(null)
    await until('what was carried is delivered', () => seen.size === 30)
    assert.ok([...seen.values()].every(times => times === 1))
    await admin.connect()
    const { members } = (await admin.describeGroups([names.sinkGroup('siem')])).groups[0] ?? { members: [] }
    assert.equal(members.length, 1)
    await reading.stop()
  })

  test('tell what retention took from them, and go on at the oldest record', async t => {
    const { names, admin, open } = inFreshLog(t)
    const writing = open()
    const writer = await writerOf(writing, 'lab')
    await writer.publish(makeEntries(0, 100), 'c')
    const slow = open().source('siem', { batchMax: 10 })
    const { signal } = new AbortController()
    await slow.connect(signal)
    await (await slow.read(signal))?.settle()
    await slow.close()
    const topic = names.events('lab')
    await admin.connect()
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '60' }] })
    const lost: unknown[] = []
    const seen = new Map<string, number>()
    const back = worker(open({ outOfRange: span => lost.push(span) }), seen)
    await until('the rest is delivered', () => seen.size >= 40)
    await writer.publish(makeEntries(100, 5), 'd')
    await until('what came later is delivered', () => seen.size >= 45)
    await back.stop()
    assert.deepEqual(lost, [{ sink: 'siem', topic, foundation: 'lab', from: 10n, to: 60n }])
    const expected = [...makeEntries(60, 40), ...makeEntries(100, 5)].map(({ guid }) => [`lab ${guid}`, 1])
    assert.deepEqual([...seen], expected)
  })

  test('have passed what was aborted after the last event, so that retention of it is no loss and tools see no lag', async t => {
    const { names, admin, open } = inFreshLog(t)
    const topic = names.events('lab')
    const writer = await writerOf(open(), 'lab')
    await writer.publish(makeEntries(0, 10), 'c')
    const seen = new Map<string, number>()
    const reading = worker(open(), seen)
    await until('all is delivered', () => seen.size === 10)
    const foreign = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).producer({
      transactionalId: `${topic}-foreign`,
      maxInFlightRequests: 1,
      idempotent: true,
    })
    t.after(() => foreign.disconnect())
    await foreign.connect()
    const transaction = await foreign.transaction()
    await transaction.send({ topic, messages: [{ value: 'aborted' }, { value: 'with it' }] })
    await transaction.abort()
    await admin.connect()
    const end = async () => (await admin.fetchTopicOffsets(topic))[0]?.offset
    const groupId = names.sinkGroup('siem')
    const place = async () =>
      (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset
    await until('the group has passed it', async () => (await place()) === (await end()))
    await reading.stop()
    assert.equal(seen.size, 10)

    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] })
    await writer.publish(makeEntries(10, 5), 'd')
    const lost: unknown[] = []
    const back = worker(open({ outOfRange: span => lost.push(span) }), seen)
    await until('what came later is delivered', () => seen.size === 15)
    await back.stop()
    assert.deepEqual(lost, [])
  })

  test('do not call lost what lay behind the end of the topic, and begin at its oldest record', async t => {
    const { names, admin, open } = inFreshLog(t)
    const writer = await writerOf(open(), 'lab')
    await writer.publish(makeEntries(0, 10), 'c')
    const topic = names.events('lab')
    await admin.connect()
    await admin.setOffsets({
      groupId: names.sinkGroup('siem'),
      topic,
      partitions: [{ partition: 0, offset: '500' }],
    })
    const passed: unknown[] = []
    const lost: unknown[] = []
    const log = open({ outOfRange: span => passed.push(span) })
    const source = log.source('siem', { batchMax, observer: { lost: span => lost.push(span) } })
    const signal = AbortSignal.timeout(30_000)
    await source.connect(signal)
    const delivery = await source.read(signal)
    assert.deepEqual(
      delivery?.batch.map(({ guid }) => guid),
      makeEntries(0, 10).map(({ guid }) => guid),
    )
    await delivery?.settle()
    await source.close()
    assert.deepEqual(passed, [{ sink: 'siem', topic, foundation: 'lab', from: 500n, to: 0n }])
    assert.deepEqual(lost, [])
  })
})

/** A broker that has just started is still loading its groups, and says so. */
async function writerOf(log: EventLog, foundation: string): Promise<FoundationWriter> {
  for (;;)
    try {
      return await log.writer(foundation)
    } catch (error) {
      if (!typesOf(error).includes('GROUP_LOAD_IN_PROGRESS')) throw error
      await systemClock.sleep(50)
    }
}

async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
): Promise<void> {
  const startedMs = systemClock.monotonic()
  while (!(await condition())) {
    assert.ok(systemClock.monotonic() - startedMs < deadlineMs, `not within ${deadlineMs} ms: ${what}`)
    await systemClock.sleep(25)
  }
}
