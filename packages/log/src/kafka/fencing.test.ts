import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, startKafka, until } from '@cf-audit-drain/kafka-broker'
import { type SeenRecord, seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import type { EventLog, FoundationWriter, LogEntry } from '../ports.ts'
import { FencedError, KafkaStateError, typesOf } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import type { KafkaLogLine } from './kafka-options.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { loseGroup } from './lose-group-for-tests.ts'
import { Names } from './names.ts'
import { apiKey, watchedSockets } from './watched-sockets-for-tests.ts'

const foundation = 'lab'

describe('a writer on Kafka', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  let prefix = ''
  let prefixes = 0
  const opened: EventLog[] = []
  const warnings: string[] = []
  const lines: KafkaLogLine[] = []

  before(async () => {
    kafka = await startKafka()
  })
  after(() => kafka?.stop())

  const fresh = (t: test.TestContext): boolean => {
    prefix = `fencing-${process.pid}-${++prefixes}`
    warnings.length = lines.length = 0
    t.after(async () => {
      for (const log of opened.splice(0)) await log.close()
    })
    return skipWithoutKcat(t)
  }
  const aProcess = () => {
    const sockets = watchedSockets()
    const log = openKafkaLog(
      {
        brokers: kafka.brokers,
        prefix,
        createTopics: { replicationFactor: 1 },
        requestBytesMax: 2_000,
        socketFactory: sockets.factory,
        onLog: line => lines.push(line),
      },
      { clock: systemClock, observer: { warn: sentence => warnings.push(sentence) } },
    )
    opened.push(log)
    return { log, sockets }
  }
  // A broker that has just started is still loading its groups, and says so.
  const writerOf = async (log: EventLog): Promise<FoundationWriter> => {
    for (;;)
      try {
        return await log.writer(foundation)
      } catch (error) {
        if (!typesOf(error).includes('GROUP_LOAD_IN_PROGRESS')) throw error
        await systemClock.sleep(50)
      }
  }
  const seen = () => seenByKcat(kafka.brokers, new Names(prefix).events(foundation))
  const admin = async <T>(
    ask: (client: ReturnType<InstanceType<typeof Kafka>['admin']>) => Promise<T>,
  ): Promise<T> => {
    const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await client.connect()
    try {
      return await ask(client)
    } finally {
      await client.disconnect()
    }
  }

  test('publishes one right after the other, and no line but for debugging says that the brokers make it wait', async t => {
    if (fresh(t)) return
    const { log } = aProcess()
    const writer = await writerOf(log)
    lines.length = 0
    for (let i = 0; i < 20; i++) await writer.publish(makeEntries(i, 1), String(i))
    assert.ok(lines.some(({ message }) => message.includes('concurrent operation on the same transaction')))
    assert.deepEqual(
      lines.filter(({ level }) => level !== 'debug'),
      [],
    )
  })

  test('is fenced by the next one: its publish fails, and leaves nothing that another client sees', async t => {
    if (fresh(t)) return
    const first = await writerOf(aProcess().log)
    await first.publish(makeEntries(0, 5), 'five')
    const second = await writerOf(aProcess().log)
    assert.equal(second.checkpoint, 'five')
    await assert.rejects(first.publish(makeEntries(5, 5), 'ten'), FencedError)
    assertHolds(await seen(), makeEntries(0, 5))
    await second.publish(makeEntries(5, 2), 'seven')
    assertHolds(await seen(), makeEntries(0, 7))
    assert.deepEqual(warnings, [])
  })

  for (const published of [0, 5])
    test(`that is killed between its sends and its commit, after ${published} events, leaves nothing`, async t => {
      if (fresh(t)) return
      const { log, sockets } = aProcess()
      const first = await writerOf(log)
      if (published > 0) await first.publish(makeEntries(0, published), 'before')
      sockets.watch(apiKey.endTxn, (_, kill) => kill())
      await assert.rejects(first.publish(makeEntries(published, 50), 'never'))
      const startedMs = systemClock.monotonic()
      const second = await writerOf(aProcess().log)
      assert.ok(systemClock.monotonic() - startedMs < 8_000, 'its transaction is not waited for')
      assert.equal(second.checkpoint, published > 0 ? 'before' : null)
      assertHolds(await seen(), makeEntries(0, published))
      assert.equal((await second.publish(makeEntries(published, 50), 'after')).published, 50)
      assertHolds(await seen(), makeEntries(0, published + 50))
    })

  test('that is killed when its commit was sent and not answered has published', async t => {
    if (fresh(t)) return
    const { log, sockets } = aProcess()
    const first = await writerOf(log)
    sockets.watch(apiKey.endTxn, (send, kill) => send(kill))
    await assert.rejects(first.publish(makeEntries(0, 50), 'fifty'))
    const second = await writerOf(aProcess().log)
    const held = await seen()
    assert.equal(second.checkpoint, held.length === 0 ? null : 'fifty')
    const { published } = await second.publish(makeEntries(0, 50), 'fifty again')
    assert.equal(published, 50 - held.length)
    assertHolds(await seen(), makeEntries(0, 50))
  })

  test('whose commit comes after the next one was opened is refused', async t => {
    if (fresh(t)) return
    const { log, sockets } = aProcess()
    const first = await writerOf(log)
    await first.publish(makeEntries(0, 5), 'five')
    const held = Promise.withResolvers<() => void>()
    sockets.watch(apiKey.endTxn, send => held.resolve(send))
    const late = assert.rejects(first.publish(makeEntries(5, 5), 'ten'), FencedError)
    const commit = await held.promise
    const second = await writerOf(aProcess().log)
    commit()
    await late
    assert.equal(second.checkpoint, 'five')
    assertHolds(await seen(), makeEntries(0, 5))
    await second.publish(makeEntries(5, 5), 'ten')
    assertHolds(await seen(), makeEntries(0, 10))
  })

  test('goes on from the mirror when the checkpoint group is gone, and nowhere when both are', async t => {
    if (fresh(t)) return
    const names = new Names(prefix)
    const first = await writerOf(aProcess().log)
    await first.publish(makeEntries(0, 5), 'five')
    await first.close()
    await admin(client => loseGroup(client, names, foundation, 5))
    const second = await writerOf(aProcess().log)
    assert.equal(second.checkpoint, 'five')
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /checkpoint group of lab is gone, as after a week/)
    await second.publish(makeEntries(5, 5), 'ten')
    assertHolds(await seen(), makeEntries(0, 10))
    await second.close()
    await admin(client => loseGroup(client, names, foundation, 10))
    await admin(async client => {
      const topic = names.state(foundation)
      await client.deleteTopics({ topics: [topic] })
      await until('the topic is gone', async () => !(await client.listTopics()).includes(topic), 20_000)
    })
    await assert.rejects(writerOf(aProcess().log), KafkaStateError)
  })

  /** Publishes until everything is in the log, kills the broker where `kill` says, and opens a new writer after errors. */
  const publishAll = async (batches: readonly (readonly LogEntry[])[], kill: (i: number) => boolean) => {
    const { log, sockets } = aProcess()
    let restart = Promise.resolve()
    const killBroker = () => {
      const broker = kafka.broker(0)
      restart = broker.kill().then(() => broker.start())
    }
    let writer = await writerOf(log)
    const resolved = new Set<number>()
    for (let i = 0; i < batches.length; ) {
      if (kill(i) && !resolved.has(i))
        // The brokers have taken the partitions of this transaction on, so the one before it is over.
        sockets.watch(apiKey.txnOffsetCommit, send => {
          sockets.unwatch(apiKey.txnOffsetCommit)
          send()
          killBroker()
        })
      try {
        await writer.publish(batches[i] ?? [], String(i))
        resolved.add(i++)
      } catch {
        await writer.close()
        await restart
        writer = await writerOf(log)
        const done = writer.checkpoint === null ? -1 : Number(writer.checkpoint)
        for (const before of resolved) assert.ok(before <= done, `publish ${before} had resolved`)
        i = done + 1
      }
    }
    await restart
  }

  test('keeps every promise when the broker is killed in the middle of publishing', async t => {
    if (fresh(t)) return
    if (!kafka.isOurs) return t.skip('KAFKA_BROKERS is set: its brokers are not ours to kill')
    const batches = Array.from({ length: 30 }, (_, i) => makeEntries(i * 10, 10))
    const kills = new Set([5, 13])
    await publishAll(batches, i => kills.delete(i))
    assert.equal(kills.size, 0)
    assertHolds(await seen(), batches.flat())
    assert.deepEqual(warnings, [])
  })
})

/** Exactly these, in this order, each once, with the numbers 1, 2, 3 … */
function assertHolds(records: readonly SeenRecord[], entries: readonly LogEntry[]): void {
  assert.deepEqual(
    records.map(({ guid, seq }) => ({ guid, seq })),
    entries.map(({ guid }, i) => ({ guid, seq: i + 1 })),
  )
}
