import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { committedOf, kcat, kcatBytes, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import type { EventLog, LogEntry } from '../ports.ts'
import { openKafkaLog } from './kafka-log.ts'
import { type Delivery, kafkaDefaults } from './kafka-options.ts'
import { Names } from './names.ts'
import type { KeptSchemaIds, SchemaIds } from './schema-ids.ts'

const foundation = 'lab'
const schema = '0102030405060708'
const body = Buffer.from('a body that nobody here reads')
const head = Buffer.from(`c301${schema}`, 'hex')

const singleObjects = (from: number, count: number): readonly LogEntry[] =>
  makeEntries(from, count).map((entry, i) => ({
    ...entry,
    bytes: Buffer.concat([head, body, Buffer.from([i])]),
  }))

describe('events on Kafka with a schema registry', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  let names = new Names('')
  let prefixes = 0
  const opened: EventLog[] = []

  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const fresh = (t: test.TestContext): boolean => {
    names = new Names(`schema-ids-${process.pid}-${++prefixes}`)
    t.after(closeAll)
    return skipWithoutKcat(t)
  }
  const closeAll = async () => {
    for (const log of opened.splice(0)) await log.close()
  }
  const logWith = (schemaIds: SchemaIds | null, delivery: Delivery = kafkaDefaults.delivery): EventLog => {
    const prefix = names.events('').replace(/\.events\.$/, '')
    const options = { brokers: kafka.brokers, prefix, createTopics: { replicationFactor: 1 } }
    const log = openKafkaLog({ ...options, delivery, schemaIds }, { clock: systemClock })
    opened.push(log)
    return log
  }
  const idsOf = (id: () => number | null): SchemaIds & { readonly recalled: KeptSchemaIds[] } => {
    const recalled: KeptSchemaIds[] = []
    return {
      recalled,
      idOf: (topic, fingerprint) =>
        topic === names.events(foundation) && fingerprint === schema ? id() : null,
      kept: () => {
        const known = id()
        return known === null ? null : { registry: 'http://r', ids: { [schema]: known } }
      },
      recall: (_, kept) => recalled.push(kept),
    }
  }
  const publish = async (log: EventLog, entries: readonly LogEntry[], checkpoint: string) => {
    const writer = await log.writer(foundation)
    await writer.publish(entries, checkpoint)
    await writer.close()
  }
  /** The first five bytes of every value, by librdkafka. */
  const heads = async () => {
    const text = await kcatBytes(kafka.brokers, [...committedOf(names.events(foundation)), '-f', '%R%s'])
    const found: string[] = []
    for (let at = 0; at < text.length; ) {
      const length = text.readInt32BE(at)
      found.push(text.toString('hex', at + 4, at + 9))
      at += 4 + length
    }
    return found
  }
  const read = async (log: EventLog) =>
    (await Array.fromAsync(log.events({ foundation }))).map(({ guid, bytes }) => [guid, Buffer.from(bytes)])

  for (const delivery of ['exactly-once', 'at-least-once'] as const)
    test(`${delivery}: both forms lie on one topic, and whoever reads sees single objects, without a registry`, async t => {
      if (fresh(t)) return
      await publish(logWith(null, delivery), singleObjects(0, 2), 'two')
      const writeWith = (id: number | null, entries: readonly LogEntry[], checkpoint: string) => {
        const ids = idsOf(() => id)
        return publish(logWith(ids, delivery), entries, checkpoint)
      }
      await writeWith(7, singleObjects(2, 2), 'four')
      await writeWith(0x7fffffff, singleObjects(4, 1), 'five')
      await writeWith(null, singleObjects(5, 1), 'six')
      assert.deepEqual(await heads(), [
        'c301010203',
        'c301010203',
        '0000000007',
        '0000000007',
        '007fffffff',
        'c301010203',
      ])
      const wanted = [
        ...singleObjects(0, 2),
        ...singleObjects(2, 2),
        ...singleObjects(4, 1),
        ...singleObjects(5, 1),
      ].map(({ guid, bytes }) => [guid, bytes])
      assert.deepEqual(await read(logWith(null)), wanted)

      const source = logWith(null).source('siem', { batchMax: 100 })
      await source.connect(new AbortController().signal)
      const delivered: unknown[] = []
      while (delivered.length < wanted.length) {
        const delivery = await source.read(AbortSignal.timeout(20_000))
        for (const { guid, bytes } of delivery?.batch ?? []) delivered.push([guid, Buffer.from(bytes)])
        await delivery?.settle()
      }
      assert.deepEqual(delivered, wanted)
      await source.close()
    })

  test('the ids are kept beside the events, in one record that changes with them, for whoever writes next', async t => {
    if (fresh(t)) return
    const first = idsOf(() => 7)
    const log = logWith(first)
    const writer = await log.writer(foundation)
    await writer.publish(singleObjects(0, 1), 'one')
    await writer.publish(singleObjects(1, 1), 'two')
    await writer.close()
    assert.deepEqual(first.recalled, [])
    const next = idsOf(() => 9)
    await publish(logWith(next), singleObjects(2, 1), 'three')
    assert.deepEqual(next.recalled, [{ registry: 'http://r', ids: { [schema]: 7 } }])
    const last = idsOf(() => null)
    await publish(logWith(last), singleObjects(3, 1), 'four')
    assert.deepEqual(last.recalled, [{ registry: 'http://r', ids: { [schema]: 9 } }])
    const state = await kcat(kafka.brokers, [...committedOf(names.state(foundation)), '-f', '%k\n'])
    assert.equal(state.split('\n').filter(key => key === 'schema-ids').length, 2)
  })

  test('a record in the other form that lost its header is handed on as it is, for the dead letters', async t => {
    if (fresh(t)) return
    await publish(logWith(null), singleObjects(0, 1), 'one')
    const topic = names.events(foundation)
    await kcat(kafka.brokers, ['-P', '-t', topic, '-K', ' ', '-D', '\n'], 'stray \0\0\0\0\x07body\n')
    await kcat(
      kafka.brokers,
      ['-P', '-t', topic, '-K', ' ', '-D', '\n', '-H', 'schema=nothexnothexnoth'],
      'odd \0\0\0\0\x07body\n',
    )
    const seen = (await read(logWith(null))).slice(1)
    const stray = Buffer.from('\0\0\0\0\x07body')
    assert.deepEqual(seen, [
      ['stray', stray],
      ['odd', stray],
    ])
  })
})
