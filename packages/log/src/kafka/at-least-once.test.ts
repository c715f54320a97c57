import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { type SeenRecord, seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { guidsOf, letter, makeEntries } from '../contract-suite/made-up-entries.ts'
import type { EventLog, FoundationWriter, LogEntry } from '../ports.ts'
import { migrationKey } from './foundation-state.ts'
import { FencedError, KafkaStateError } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { Names } from './names.ts'
import { apiKey, watchedSockets } from './watched-sockets-for-tests.ts'

const foundation = 'lab'

describe('a writer without transactions', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  let prefix = ''
  let prefixes = 0
  const opened: EventLog[] = []
  const writers: FoundationWriter[] = []
  const warnings: string[] = []

  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const fresh = (t: test.TestContext): boolean => {
    prefix = `at-least-once-${process.pid}-${++prefixes}`
    warnings.length = 0
    t.after(async () => {
      for (const writer of writers.splice(0)) await writer.close()
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
        delivery: 'at-least-once',
        createTopics: { replicationFactor: 1 },
        requestBytesMax: 2_000,
        socketFactory: sockets.factory,
      },
      { clock: systemClock, observer: { warn: sentence => warnings.push(sentence) } },
    )
    opened.push(log)
    return { log, sockets }
  }
  const writerOf = async (log: EventLog) => {
    const writer = await log.writer(foundation)
    writers.push(writer)
    return writer
  }
  const seen = () => seenByKcat(kafka.brokers, new Names(prefix).events(foundation))
  const tallied = async (log: EventLog) =>
    (await log.tallies()).reduce((total, { count }) => total + count, 0)

  const steps = [
    'begun',
    'one event',
    '7 events',
    '14 events',
    'all events',
    'dead letter',
    'state',
    'checkpoint',
  ]
  for (const [i, last] of steps.entries())
    test(`that is killed in its first publish, the last that was sent being ${last}, loses and doubles nothing`, async t => {
      if (fresh(t)) return
      const { log, sockets } = aProcess()
      const first = await writerOf(log)
      const entries = makeEntries(0, 20)
      const killed = killAfter(sockets, i + 1)
      first.publish(entries, 'twenty', [letter('x', { origin: 'poller' })]).catch(() => undefined)
      await killed
      // What is left of it in this process tries to connect for a while.
      opened.splice(opened.indexOf(log), 1)
      void log.close()
      await settledTopic(seen)
      const left = (await seen()).length
      const { log: next } = aProcess()
      const second = await writerOf(next)
      assert.ok(second.checkpoint === null || (second.checkpoint === 'twenty' && left === 20))
      const { published } = await second.publish(entries, 'again', [letter('x', { origin: 'poller' })])
      assert.equal(published, 20 - left)
      assertHolds(await seen(), entries)
      assert.equal(await tallied(next), 20)
      assert.equal((await next.deadLetters(10)).length, 1)
      await second.close()
      assert.equal((await writerOf(next)).checkpoint, 'again')
    })

  test('that wakes after another has written sends nothing, and opened anew it knows what is there', async t => {
    if (fresh(t)) return
    const { log } = aProcess()
    const zombie = await writerOf(log)
    await zombie.publish(makeEntries(0, 5), 'five')
    const { log: other } = aProcess()
    const second = await writerOf(other)
    assert.equal(second.checkpoint, 'five')
    await second.publish(makeEntries(5, 5), 'ten')
    await assert.rejects(zombie.publish(makeEntries(5, 10), 'fifteen'), FencedError)
    assertHolds(await seen(), makeEntries(0, 10))
    await zombie.close()
    const woken = await writerOf(log)
    assert.equal(woken.checkpoint, 'ten')
    assert.equal((await woken.publish(makeEntries(5, 10), 'fifteen')).published, 5)
    assertHolds(await seen(), makeEntries(0, 15))
    await assert.rejects(second.publish([], 'twelve'), FencedError, 'the other notices it as well')
    assert.equal(await tallied(log), 15)
  })

  test('also of a checkpoint alone, which no other can move back unnoticed', async t => {
    if (fresh(t)) return
    const zombie = await writerOf(aProcess().log)
    await zombie.publish(makeEntries(0, 1), 'one')
    const second = await writerOf(aProcess().log)
    await second.publish([], 'two')
    await assert.rejects(zombie.publish([], 'old'), FencedError)
    assert.equal((await writerOf(aProcess().log)).checkpoint, 'two')
  })

  test('whose request comes in late doubles one event of another at the most, and both notice', async t => {
    if (fresh(t)) return
    const { log: mine, sockets: late } = aProcess()
    const first = await writerOf(mine)
    await first.publish(makeEntries(0, 5), 'five')
    const held = Promise.withResolvers<() => void>()
    late.watch(apiKey.produce, send => {
      late.unwatch(apiKey.produce)
      held.resolve(send)
    })
    const entries = makeEntries(5, 50)
    const doomed = first.publish(entries, 'late')
    doomed.catch(() => undefined)
    const release = await held.promise
    const { log, sockets } = aProcess()
    const second = await writerOf(log)
    const arrived = (await seen()).length
    sockets.watch(apiKey.produce, send => {
      sockets.unwatch(apiKey.produce)
      release()
      void until(async () => (await seen()).length > arrived).then(() => send())
    })
    await assert.rejects(second.publish(entries, 'fifty-five'), FencedError)
    // It got in before the other's event, or round it: by its next publish at the latest it knows.
    await assert.rejects(
      doomed.then(() => first.publish([], 'later')),
      FencedError,
    )
    await second.close()
    const third = await writerOf(log)
    await third.publish(entries, 'in the end')
    const records = await seen()
    assert.deepEqual(new Set(records.map(({ guid }) => guid)), new Set(guidsOf(makeEntries(0, 55))))
    assert.equal(records.length, 56)
    const count = await tallied(log)
    assert.ok(count === 55 || count === 56, `${count} are tallied: the doubled one counts or does not`)
    assert.equal(third.checkpoint, 'in the end')
  })

  test('goes on from the mirror when the checkpoint group is gone, and nowhere when both are', async t => {
    if (fresh(t)) return
    const names = new Names(prefix)
    const first = await writerOf(aProcess().log)
    await first.publish(makeEntries(0, 5), 'five')
    await first.close()
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    t.after(() => admin.disconnect())
    await admin.deleteGroups([names.checkpointGroup(foundation)])
    const second = await writerOf(aProcess().log)
    assert.equal(second.checkpoint, 'five')
    assert.match(warnings.join(), /checkpoint group of lab is not there/)
    await second.close()
    await admin.deleteTopics({ topics: [names.state(foundation)] })
    await assert.rejects(aProcess().log.writer(foundation), KafkaStateError)
  })

  test('is refused where the copy of an embedded log is not finished', async t => {
    if (fresh(t)) return
    const { log } = aProcess()
    const first = await writerOf(log)
    await first.close()
    const producer = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    t.after(() => producer.disconnect())
    const mark = { key: migrationKey, value: '{}', partition: 0 }
    await producer.send({ topic: new Names(prefix).state(foundation), messages: [mark] })
    await assert.rejects(log.writer(foundation), /lab is being carried here .* run cf-audit-drain migrate/)
  })

  /** Lets so many requests that store something out, and kills the process then. */
  const killAfter = (sockets: ReturnType<typeof watchedSockets>, steps: number) =>
    new Promise<void>(resolve => {
      let step = 0
      for (const key of [apiKey.produce, apiKey.offsetCommit])
        sockets.watch(key, (send, kill) => {
          if (++step < steps) send()
          else
            send(() => {
              kill()
              resolve()
            })
        })
    })
})

/** What was sent by a process that is dead is in the topic, or will never be. */
async function settledTopic(seen: () => Promise<readonly SeenRecord[]>): Promise<void> {
  let before = -1
  await until(async () => {
    const now = (await seen().catch(() => [])).length
    const isSame = now === before
    before = now
    return isSame
  })
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const giveUpMs = systemClock.monotonic() + 20_000
  while (!(await condition())) {
    assert.ok(systemClock.monotonic() < giveUpMs, `gave up waiting for ${condition}`)
    await systemClock.sleep(50)
  }
}

/** Exactly these, in this order, each once, with the numbers 1, 2, 3 … */
function assertHolds(records: readonly SeenRecord[], entries: readonly LogEntry[]): void {
  assert.deepEqual(
    records.map(({ guid, seq }) => ({ guid, seq })),
    entries.map(({ guid }, i) => ({ guid, seq: i + 1 })),
  )
}
