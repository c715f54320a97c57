import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, startKafka, until } from '@cf-audit-drain/kafka-broker'
import { deadline, systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import { checkKafkaLog } from './check-kafka-log.ts'
import { checkpointStates } from './checkpoint-states.ts'
import { KafkaUnavailableError } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { planTopics } from './manage-topics.ts'

const given = process.env['KAFKA_BROKERS'] ? 'KAFKA_BROKERS is set: it is not ours to restart' : null

describe('Kafka that refuses', { skip: reasonToSkipKafka() || (given ?? false) }, () => {
  test('a login that was revoked is waited for with a sentence by poller and sink, and both go on after the mend', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'credentials-'))
    let kafka: KafkaCluster | null = null
    const ports: { open: number[]; secured: number[] } = { open: [], secured: [] }
    const restart = async (users: Readonly<Record<string, string>>) => {
      await kafka?.stop()
      const same = ports.open.length > 0
      kafka = await startKafka({
        folder,
        ...(same ? { ports: ports.open } : {}),
        secured: { users, ...(same ? { ports: ports.secured } : {}) },
        properties: { 'super.users': 'User:ANONYMOUS;User:drain' },
      })
      ports.open = kafka.brokers.map(portOf)
      ports.secured = kafka.secured.map(portOf)
      return kafka
    }
    const told: string[] = []
    const { secured } = await restart({ drain: 'word' })
    const log = openKafkaLog(
      {
        brokers: secured,
        sasl: { mechanism: 'plain', username: 'drain', password: 'word' },
        createTopics: { replicationFactor: 1 },
        sessionTimeoutMs: 1_000,
        topicRefreshMs: 300,
      },
      { clock: systemClock, observer: { failed: error => told.push(error.message) } },
    )
    t.after(async () => {
      await log.close()
      await kafka?.stop()
      rmSync(folder, { recursive: true })
    })

    const first = await log.writer('lab')
    await first.publish(makeEntries(0, 3), 'three')
    const source = log.source('siem', { batchMax: 100 })
    await source.connect(deadline(20_000))
    const delivery = await source.read(deadline(20_000))
    assert.equal(delivery?.batch.length, 3)
    await delivery?.settle()

    await restart({ somebody: 'else' })
    await assert.rejects(first.publish(makeEntries(3, 1), 'four'))
    await first.close()
    await assert.rejects(log.writer('lab'), (error: unknown) => {
      assert.ok(error instanceof KafkaUnavailableError, String(error))
      return true
    })
    await until(
      'the sink tells the refusal',
      async () => told.some(text => /uthenticat|login/.test(text)),
      30_000,
    )

    await restart({ drain: 'word' })
    const second = await log.writer('lab')
    await second.publish(makeEntries(3, 2), 'five')
    const more = await source.read(deadline(30_000))
    assert.deepEqual(
      more?.batch.map(({ guid }) => guid),
      makeEntries(3, 2).map(({ guid }) => guid),
    )
    await more?.settle()
    assert.doesNotMatch(told.join(), /"word"|password: word/)
  })

  test('nothing, and would make topics for whoever asks, is made to make none by looking, polling or delivering', async t => {
    const kafka = await startKafka({ properties: { 'auto.create.topics.enable': 'true' } })
    const settings = { replicationFactor: 1, minInsyncReplicas: 1 }
    const options = { brokers: kafka.brokers }
    const log = openKafkaLog(options, { clock: systemClock })
    t.after(async () => {
      await log.close()
      await kafka.stop()
    })
    const asked = { kafka: options, foundations: ['lab'], polls: true, sinks: ['siem'], topics: settings }
    const found = await checkKafkaLog(asked, systemClock)
    assert.match(
      found.map(one => (one.verdict === 'FAIL' ? one.error.message : '')).join(),
      /Kafka has no topic cf-audit\.events\.lab, .*topics apply/,
    )
    assert.equal(
      (await planTopics({ kafka: options, foundations: ['lab'], settings }, systemClock)).length,
      4,
    )
    assert.equal((await checkpointStates(options, ['lab'], systemClock)).get('lab'), 'none')
    await assert.rejects(log.writer('lab'), /Kafka has no topic/)
    await log.source('siem', { batchMax: 9 }).connect(deadline(9_000))
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const topics = (await admin.listTopics()).filter(topic => topic.startsWith('cf-audit'))
    await admin.disconnect()
    assert.deepEqual(topics, [])
  })

  test('transactions is told by check, and by a writer, which tries again', async t => {
    const kafka = await startKafka({
      properties: {
        'transaction.state.log.replication.factor': '3',
        'transaction.state.log.min.isr': '2',
      },
    })
    const settings = { replicationFactor: 1, minInsyncReplicas: 1 }
    const options = { brokers: kafka.brokers, createTopics: settings }
    const log = openKafkaLog(options, { clock: systemClock })
    t.after(async () => {
      await log.close()
      await kafka.stop()
    })
    const asked = { kafka: options, foundations: ['lab'], polls: true, sinks: [], topics: settings }
    const [found, ...others] = await checkKafkaLog(asked, systemClock)
    assert.deepEqual(others, [])
    const says = /^this Kafka refuses transactions \(.*__transaction_state.*delivery: at-least-once/
    assert.match(found?.verdict === 'FAIL' ? found.error.message : '', says)
    // What keeps one foundation from being written is told by its writer, and keeps no other from being polled.
    const stopping = new AbortController()
    const polled = Promise.withResolvers<string>()
    const poll = async (foundation: string, term: AbortSignal) => {
      polled.resolve(foundation)
      await once(term, 'abort')
    }
    const failed = (error: Error) => polled.reject(error)
    const leading = log.lead(['other'], { poll, failed }, stopping.signal)
    t.after(async () => {
      stopping.abort(new Error('enough'))
      await leading
    })
    const writing = assert.rejects(log.writer('lab'), { name: 'KafkaUnavailableError', message: says })
    assert.equal(await polled.promise, 'other')
    await writing
  })
})

function portOf(broker: string): number {
  return Number(broker.split(':')[1])
}
