import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { openEmbeddedLog } from '../embedded/embedded-log.ts'
import { checkKafkaLog } from '../kafka/check-kafka-log.ts'
import { KafkaStateError } from '../kafka/kafka-error.ts'
import { Kafka, logLevel } from '../kafka/kafkajs-door.ts'
import { Names } from '../kafka/names.ts'
import { apiKey, watchedSockets } from '../kafka/watched-sockets-for-tests.ts'
import { LogMovedError } from '../log-error.ts'
import { deliver, entryOf } from './embedded-log-for-tests.ts'
import type { MigrationDeps } from './migrate-to-kafka.ts'
import { deliveredTo, MigrationUnderTest } from './migration-for-tests.ts'

const crash = new Error('killed here')
const diesAt = (at: Parameters<NonNullable<MigrationDeps['onStage']>>[0]): Partial<MigrationDeps> => ({
  onStage: stage => {
    if (stage === at) throw crash
  },
})
const diesAfter = (records: number): Partial<MigrationDeps> => ({
  onProgress: (_, copied) => {
    if (copied >= records) throw crash
  },
})

describe('a move to Kafka that is interrupted', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const isWhole = async (under: MigrationUnderTest) => {
    for (const foundation of ['lab', 'prod'])
      assert.equal(under.digestByKcat(foundation), under.digestBySqlite(foundation))
    assert.notEqual(await checkpointOf(under, 'prod'), null)
  }

  for (const [when, deps] of [
    ['after the first foundation', diesAfter(1)],
    ['when everything is copied', diesAt('copied')],
    ['when everything is compared', diesAt('compared')],
  ] as const)
    test(`${when} leaves both logs as they are, and goes on when it is run again`, async t => {
      const under = await MigrationUnderTest.filled(t, kafka.brokers)
      await assert.rejects(under.migrate(deps), crash)
      await assert.rejects(under.open().writer('lab'), (error: unknown) => {
        assert.ok(error instanceof KafkaStateError)
        assert.match(error.message, /lab is being carried here .* run cf-audit-drain migrate/)
        return true
      })
      for (const part of [
        { polls: true, sinks: [] },
        { polls: false, sinks: ['siem'] },
      ]) {
        const check = { kafka: under.kafka, foundations: ['lab', 'prod'], topics: { replicationFactor: 1 } }
        const found = await checkKafkaLog({ ...check, ...part }, systemClock)
        const [first] = found.map(one => (one.verdict === 'FAIL' ? one.error.message : one.text))
        assert.match(first ?? '', /is being carried here .* run cf-audit-drain migrate/)
        assert.doesNotMatch(JSON.stringify(found), /--start-from/)
      }
      await (await openEmbeddedLog({ dir: under.dir, clock: systemClock })).close()
      const { foundations } = await under.migrate()
      assert.equal(foundations[0]?.before, under.guids('lab').length, 'nothing was copied again')
      await isWhole(under)
    })

  test('after the embedded log was marked has no log that goes on, until it is run again', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    await assert.rejects(under.migrate(diesAt('marked')), crash)
    await assert.rejects(under.open().writer('lab'), KafkaStateError)
    await assert.rejects(openEmbeddedLog({ dir: under.dir, clock: systemClock }), (error: unknown) => {
      assert.ok(error instanceof LogMovedError)
      assert.match(error.message, /the move was interrupted: run cf-audit-drain migrate again/)
      return true
    })
    await under.migrate()
    await isWhole(under)
    await assert.rejects(under.migrate(), LogMovedError)
  })

  test('at every commit, before it is sent and after, goes on to the same end', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    let cuts = 0
    for (let isMoved = false; !isMoved; cuts++) {
      const isSent = cuts % 2 === 1
      const sockets = watchedSockets()
      sockets.watch(apiKey.endTxn, (send, kill) => (isSent ? send(kill) : kill()))
      isMoved = await under.migrate({}, false, { socketFactory: sockets.factory }).then(
        () => true,
        error => error instanceof LogMovedError,
      )
      // The marks of both foundations are there after two commits.
      const isMarked = under.rows('SELECT 1 FROM moved').length === 1
      if (cuts >= 4 && !isMarked) await assert.rejects(under.open().writer('prod'), /carried here/)
    }
    t.diagnostic(`cut ${cuts - 1} times`)
    await isWhole(under)
    const lags = (await under.open().positions()).map(({ sink, lag }) => `${sink} ${lag}`)
    assert.deepEqual(lags.toSorted(), ['archive 300', 'late 300', 'siem 146'])
  })

  test('between the ends of two foundations finishes the other, and leaves alone what has gone on', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    await assert.rejects(under.migrate(diesAt('finished')), crash)
    // As if it had died before the mark said so: lab goes on meanwhile.
    const writer = await under.open().writer('lab')
    await writer.publish([entryOf('lab', 900)], 'gone on')
    await writer.close()
    under.unfinish()
    const left =
      under.guids('lab', 'record IS NOT NULL').length + under.guids('prod', 'record IS NOT NULL').length
    await deliveredTo(under.open(), 'archive', left + 1)
    await under.migrate()
    assert.equal(await checkpointOf(under, 'lab'), 'gone on')
    const positions = await under.open().positions()
    assert.equal(positions.find(({ sink }) => sink === 'archive')?.lag, 0, 'its place was not set back')
  })

  test('lets a sink that comes too early wait, and it doubles nothing', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    await assert.rejects(under.migrate(diesAt('copied')), crash)
    const early = under.open().source('siem', { batchMax: 1_000 })
    const never = new AbortController().signal
    await early.connect(never)
    const first = early.read(never)
    const [{ offset = 0 } = {}] = under.rows("SELECT offset FROM cursors WHERE sink = 'siem'")
    const waiting = new Set(
      ['lab', 'prod'].flatMap(name => under.guids(name, `record IS NOT NULL AND offset > ${Number(offset)}`)),
    )
    await assert.rejects(under.migrate(), /the sink siem is running on this Kafka/)
    await early.close()
    assert.equal(await first, null, 'it was given nothing')
    await under.migrate()
    const given = await deliveredTo(under.open(), 'siem', waiting.size)
    assert.deepEqual(new Set([...given.values()].flat()), waiting)
  })

  test('can be gone on from after the embedded log itself has gone on', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    await assert.rejects(under.migrate(diesAt('copied')), crash)
    const embedded = await openEmbeddedLog({ dir: under.dir, clock: systemClock })
    const writer = await embedded.writer('lab')
    await writer.publish([entryOf('lab', 900), entryOf('lab', 901)], 'later')
    await writer.close()
    await deliver(embedded, 'siem', 10)
    await embedded.close()
    const { foundations } = await under.migrate()
    assert.deepEqual(
      foundations.map(({ total }) => total),
      [302, 300],
    )
    await isWhole(under)
    assert.equal(await checkpointOf(under, 'lab'), 'later')
  })

  test('does not go on from what is not its own beginning', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers)
    await assert.rejects(under.migrate(diesAt('copied')), crash)
    await sendTo(kafka.brokers, under.topic('prod'))
    await assert.rejects(under.migrate(), (error: unknown) => {
      assert.ok(error instanceof KafkaStateError)
      assert.match(error.message, /more than the log holds.*Nothing was marked/)
      return true
    })
    await (await openEmbeddedLog({ dir: under.dir, clock: systemClock })).close()
  })

  test('is refused where somebody else has events, and where a sink has begun', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers, 50)
    const log = under.open()
    const writer = await log.writer('prod')
    await writer.publish([entryOf('prod', 1)], 'theirs')
    await writer.close()
    for (const dryRun of [true, false])
      await assert.rejects(under.migrate({}, dryRun), /Kafka has events of prod already/)
    const other = await MigrationUnderTest.filled(t, kafka.brokers, 50)
    const empty = await other.open().writer('lab')
    await empty.close()
    const source = other.open().source('new', { batchMax: 1 })
    await source.connect(new AbortController().signal)
    const names = new Names(other.kafka.prefix ?? '')
    await committed(kafka.brokers, names.sinkGroup('new'), names.events('lab'))
    await assert.rejects(other.migrate(), /the sink new is running on this Kafka/)
    await source.close()
    await assert.rejects(other.migrate(), /the sink new has begun on this Kafka already.*--delete --group/)
  })

  test('is refused by a topic that would not keep it', async t => {
    const under = await MigrationUnderTest.filled(t, kafka.brokers, 50)
    const topic = under.topic('lab')
    const configEntries = [
      { name: 'retention.ms', value: '86400000' },
      { name: 'message.timestamp.type', value: 'LogAppendTime' },
    ]
    await withAdmin(kafka.brokers, admin => admin.createTopics({ topics: [{ topic, configEntries }] }))
    await assert.rejects(
      under.migrate(),
      /LogAppendTime.*retention\.ms is 86400000, and the oldest event is \d+ days old/,
    )
  })
})

async function checkpointOf(under: MigrationUnderTest, foundation: string): Promise<string | null> {
  const writer = await under.open().writer(foundation)
  await writer.close()
  return writer.checkpoint
}

async function withAdmin<T>(
  brokers: readonly string[],
  ask: (admin: ReturnType<InstanceType<typeof Kafka>['admin']>) => Promise<T>,
): Promise<T> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  return ask(admin).finally(() => admin.disconnect())
}

async function committed(brokers: readonly string[], groupId: string, topic: string): Promise<void> {
  for (let offset = '-1'; offset === '-1'; await systemClock.sleep(50)) {
    const [group] = await withAdmin(brokers, admin => admin.fetchOffsets({ groupId, topics: [topic] }))
    offset = group?.partitions[0]?.offset ?? '-1'
  }
}

async function sendTo(brokers: readonly string[], topic: string): Promise<void> {
  const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic, messages: [{ key: 'x', value: 'theirs' }] })
  await producer.disconnect()
}
