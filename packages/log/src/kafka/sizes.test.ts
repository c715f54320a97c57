import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { letter, makeEntries, makeEntry } from '../contract-suite/made-up-entries.ts'
import { emptyWindow } from '../ledger/ledger-window.ts'
import type { EventLog, LogEntry } from '../ports.ts'
import { openKafkaLog } from './kafka-log.ts'
import type { Delivery } from './kafka-options.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { Names } from './names.ts'

const foundation = 'lab'
const deliveries = ['exactly-once', 'at-least-once'] as const

describe('what is large', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  let prefixes = 0
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const inFreshLog = (t: TestContext, delivery: Delivery = 'exactly-once') => {
    const prefix = `sizes-${process.pid}-${++prefixes}`
    const names = new Names(prefix)
    const warnings: string[] = []
    const log = openKafkaLog(
      { brokers: kafka.brokers, prefix, delivery, createTopics: { replicationFactor: 1 } },
      { clock: systemClock, observer: { warn: sentence => warnings.push(sentence) } },
    )
    t.after(() => log.close())
    return { names, log, warnings }
  }
  const withTopicThatTakes = async (topic: string, bytes: number) => {
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const configEntries = [
      { name: 'max.message.bytes', value: String(bytes) },
      // What is published here is stamped long ago.
      { name: 'retention.ms', value: '-1' },
    ]
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: true })
    await admin.disconnect()
  }
  /** As the poller does it: after an error a new writer, and again. Returns how many attempts it took. */
  const publish = async (log: EventLog, entries: readonly LogEntry[]): Promise<number> => {
    for (let attempt = 1; ; attempt++) {
      const writer = await log.writer(foundation)
      try {
        await writer.publish(entries, 'all')
        return attempt
      } catch (error) {
        if (attempt === 10) throw error
      } finally {
        await writer.close()
      }
    }
  }

  test('an event of 8 MB that does not compress is an event like any other', async t => {
    if (skipWithoutKcat(t)) return
    const { names, log } = inFreshLog(t)
    const large = makeEntry(1, { bytes: randomBytes(8_000_000) })
    assert.equal(await publish(log, [makeEntry(0), large, makeEntry(2)]), 1)
    const seen = await seenByKcat(kafka.brokers, names.events(foundation))
    assert.deepEqual(
      seen.map(({ seq }) => seq),
      [1, 2, 3],
    )
    const [, record] = await Array.fromAsync(log.events({}))
    assert.deepEqual(Buffer.from(record?.bytes ?? []), large.bytes)
  })

  for (const delivery of deliveries)
    test(`an event that its topic does not take goes whole into the dead letters, and the others go on (${delivery})`, async t => {
      if (skipWithoutKcat(t)) return
      const { names, log, warnings } = inFreshLog(t, delivery)
      await withTopicThatTakes(names.events(foundation), 100_000)
      const large = makeEntry(1, { bytes: randomBytes(1_500_000) })
      const attempts = await publish(log, [makeEntry(0), large, makeEntry(2)])
      assert.equal(attempts, delivery === 'exactly-once' ? 1 : 2)
      const seen = await seenByKcat(kafka.brokers, names.events(foundation))
      assert.deepEqual(
        seen.map(({ guid, seq }) => ({ guid, seq })),
        [
          { guid: makeEntry(0).guid, seq: 1 },
          { guid: makeEntry(2).guid, seq: 2 },
        ],
      )
      const [buried, ...others] = await log.deadLetters(10)
      assert.equal(others.length, 0)
      assert.equal(buried?.key, large.guid)
      assert.match(buried?.reason ?? '', /1500000 bytes, more than its topic takes/)
      assert.deepEqual(Buffer.from(buried?.raw ?? []), large.bytes)
      assert.match(warnings.join('\n'), new RegExp(`event ${large.guid} of lab has .* max.message.bytes`))
      assert.deepEqual(await log.deadLetterCounts(), [{ origin: 'poller', foundation, count: 1 }])
      const range = { fromSec: large.createdAtSec, toSec: large.createdAtSec + 100 }
      const windowOf = (held: number) => ({ ...emptyWindow(range), held })
      const writer = await log.writer(foundation)
      const { published, windows, ...rest } = await writer.publish([large, makeEntry(3)], 'again', [], {
        windows: [windowOf(2)],
        windowsWithout: without => [windowOf(2 - without.size)],
      })
      await writer.close()
      assert.deepEqual([published, [...(rest.buried ?? [])]], [1, [large.guid]])
      assert.equal(windows[0]?.held, 1)
      assert.deepEqual(await Array.fromAsync(log.ledger({})), [{ foundation, ...windows[0] }])
    })

  for (const delivery of deliveries)
    test(`requests that are too large together are sent in smaller ones (${delivery})`, async t => {
      if (skipWithoutKcat(t)) return
      const { names, log } = inFreshLog(t, delivery)
      await withTopicThatTakes(names.events(foundation), 100_000)
      const entries = makeEntries(0, 40).map(entry => ({ ...entry, bytes: randomBytes(20_000) }))
      const attempts = await publish(log, entries)
      assert.ok(delivery === 'exactly-once' ? attempts === 1 : attempts < 8, `${attempts}`)
      const seen = await seenByKcat(kafka.brokers, names.events(foundation))
      assert.deepEqual(
        seen.map(({ guid }) => guid),
        entries.map(({ guid }) => guid),
      )
      assert.deepEqual(await log.deadLetters(10), [])
    })

  test('a dead letter of any size is kept byte for byte, buried twice and read once', async t => {
    const { log } = inFreshLog(t)
    const letters = [letter('small'), letter('large', { raw: randomBytes(3_000_001) })]
    await log.bury(letters)
    await log.bury(letters)
    const writer = await log.writer(foundation)
    const another = letter('published', { raw: randomBytes(1_200_000) })
    await writer.publish([], 'one', [another])
    await writer.close()
    const found = await log.deadLetters(10)
    for (const { key, raw } of [...letters, another]) {
      const same = found.filter(one => one.key === key)
      assert.equal(same.length, 1, key)
      assert.ok(Buffer.from(raw).equals(same[0]?.raw ?? Buffer.alloc(0)), key)
    }
    assert.equal(found.length, 3)
  })
})
