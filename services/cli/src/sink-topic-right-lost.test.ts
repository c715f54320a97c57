import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { ClusterAdmin, type KafkaCluster, reasonToSkipKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { kcat, kcatMissing } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { type GivenRight, rightsOfUser } from '@cf-audit-drain/log/testing/acls'
import { systemClock } from '@cf-audit-drain/pipeline'
import { sendableEntries } from './entries-for-tests.ts'
import { HoldingReceiver } from './holding-receiver-for-tests.ts'
import { eventually } from './lab-for-tests.ts'
import { notReady } from './not-ready.ts'
import type { SinkWorker } from './sink-worker.ts'
import { startWorker } from './worker-for-tests.ts'

const user = 'cf-audit-sink'
const password = 's-word'
const given = process.env['KAFKA_BROKERS'] ? 'KAFKA_BROKERS is set: its rights are not ours to change' : null

/**
 * Goal: a right to one topic of events that is taken away in mid-run is told as that, of its foundation, whatever else the
 * brokers show of the topic then; and a topic that was deleted is told as deleted. The other foundation goes on.
 */
describe('a sink on Kafka', { concurrency: true, skip: reasonToSkipKafka() || (given ?? false) }, () => {
  let kafka: KafkaCluster
  let rights: Awaited<ReturnType<typeof rightsOfUser>>
  let prefixes = 0

  before(async () => {
    kafka = await startKafka({ secured: { users: { [user]: password } } })
    rights = await rightsOfUser(kafka.brokers, user)
  })
  after(async () => {
    await rights?.close()
    await kafka?.stop()
  })

  /** Two foundations with ten events each, delivered by a worker that has the right to each by itself. */
  const delivering = async (t: TestContext) => {
    const prefix = `right-${process.pid}-${++prefixes}`
    const right = (operation: GivenRight['operation'], what: string): GivenRight => ({
      resource: 'topic',
      prefix: `${prefix}.${what}`,
      operation,
    })
    const onOne = right('Read', 'events.one')
    const onGroup = (name: string): GivenRight => ({
      resource: 'group',
      prefix: `${prefix}.sink.${name}`,
      operation: 'Read',
    })
    await rights.give(
      onGroup(''),
      right('Read', 'dead-letters'),
      right('Write', 'dead-letters'),
      right('Read', 'state.'),
      onOne,
      right('Read', 'events.two'),
    )
    const options = { prefix, topicRefreshMs: 300, sessionTimeoutMs: 1_500 }
    const owner = openKafkaLog(
      { ...options, brokers: kafka.brokers, createTopics: { replicationFactor: 1 } },
      { clock: systemClock },
    )
    t.after(() => owner.close())
    const writers = { one: await owner.writer('one'), two: await owner.writer('two') }
    let published = 0
    const publish = async (to: keyof typeof writers, count = 10) => {
      await writers[to].publish(sendableEntries(to, published, count), `${published}`)
      published += count
    }
    await publish('one')
    await publish('two')
    const told: string[] = []
    const receiver = await HoldingReceiver.start(t)
    const begin = () => {
      const log = openKafkaLog(
        {
          ...options,
          brokers: kafka.secured,
          sasl: { mechanism: 'plain', username: user, password },
        },
        { clock: systemClock, observer: { failed: error => told.push(error.message) } },
      )
      t.after(() => log.close())
      return { log, ...startWorker(t, log, receiver.url) }
    }
    const { log, worker, counts, stop } = begin()
    await eventually(async () => receiver.seen.size === 20 && worker.status().unread.length === 0)
    assert.equal(worker.status().state, 'delivering')
    const isToldOf = (names: readonly string[], one = worker) => isTold(one, prefix, names)
    const isToldOfOne = () => isToldOf(['one'])
    const restart = async () => {
      await stop()
      await log.close()
      return begin().worker
    }
    const sink = { receiver, worker, counts, log, restart }
    return { prefix, onOne, onGroup, right, publish, told, isToldOf, isToldOfOne, ...sink }
  }

  for (const [what, keeps] of [
    ['hides its topic', false],
    ['leaves its topic to be seen', true],
  ] as const)
    test(`that loses the right to read one foundation, which ${what}, says so until it has it again, and delivers the other`, async t => {
      const { onOne, right, publish, told, receiver, worker, counts, isToldOfOne } = await delivering(t)
      if (keeps) await rights.give(right('Write', 'events.one'))
      await rights.take(onOne)
      const lostMs = systemClock.monotonic()
      await eventually(async () => isToldOfOne())
      const noticedMs = systemClock.monotonic() - lostMs
      t.diagnostic(`noticed after ${Math.round(noticedMs)} ms`)
      assert.ok(noticedMs < 10_000)
      for (const foundations of [[], [{ elected: { notReady: () => null } }]])
        assert.match(
          notReady({ foundations, workers: [worker] }).join(),
          /^sink siem does not get the events of one: Kafka does not allow this login Read on the topic/,
        )
      await publish('one')
      await publish('two')
      await eventually(async () => receiver.seen.size === 30)
      // Through several looks at what topics there are.
      const untilMs = systemClock.monotonic() + 2_500
      await eventually(async () => {
        assert.ok(isToldOfOne(), JSON.stringify(worker.status()))
        return systemClock.monotonic() > untilMs
      })
      assert.equal(receiver.seen.size, 30)
      assert.doesNotMatch(told.join(), /was deleted/)
      assert.ok(told.length < 6, told.join('\n'))

      await rights.give(onOne)
      await eventually(async () => receiver.seen.size === 40 && worker.status().unread.length === 0)
      await eventually(async () => worker.status().state === 'delivering')
      assert.deepEqual([...new Set(receiver.seen.values())], [1])
      assert.equal(counts.givenUp, 0)
      assert.doesNotMatch(told.join(), /was deleted/)
    })

  test('that loses the right to what it has sent and not settled gives it up, counted, and delivers the other', async t => {
    const { onOne, publish, receiver, worker, counts, isToldOfOne } = await delivering(t)
    receiver.hold()
    await publish('one')
    await eventually(async () => receiver.held === 1)
    await rights.take(onOne)
    await publish('two')
    receiver.release()
    await eventually(async () => receiver.seen.size === 40 && isToldOfOne())
    assert.equal(counts.givenUp, 10)
    await rights.give(onOne)
    await eventually(async () => worker.status().unread.length === 0)
    await eventually(async () => [...receiver.seen.values()].reduce((sum, times) => sum + times, 0) === 50)
    assert.equal(worker.status().sentAgain, 10)
  })

  test('that may see nothing but what it needs buries what it cannot send', {
    skip: kcatMissing() ?? false,
  }, async t => {
    const { prefix, publish, receiver, counts, worker } = await delivering(t)
    await kcat(kafka.brokers, ['-P', '-t', `${prefix}.events.one`, '-p', '0'], 'no event\n')
    await publish('one')
    await eventually(async () => receiver.seen.size === 30)
    assert.equal(counts.buried, 1)
    assert.equal(worker.status().state, 'delivering')
  })

  test('whose group is hidden from it is told as that, and the place of another sink of the process is told', async t => {
    const { log, onGroup } = await delivering(t)
    const other = log.source('other', { batchMax: 5 })
    await other.connect(AbortSignal.timeout(20_000))
    await rights.give(onGroup('other'))
    await rights.take(onGroup(''))
    await eventually(async () => {
      const positions = await log.positions()
      const [siem, unsettled] = ['siem', 'other'].map(name => positions.find(({ sink }) => sink === name))
      const sentence = /^Kafka does not allow this login Read on the group [^,;]*\.sink\.siem; do: /
      return sentence.test(siem?.hidden?.message ?? '') && siem?.lag === null && unsettled?.lag === 20
    })
  })

  test('that begins while a foundation is hidden from it says so as a running one does, and when it was deleted meanwhile', async t => {
    const { prefix, onOne, right, publish, told, receiver, restart, isToldOf } = await delivering(t)
    const onTwo = right('Read', 'events.two')
    await rights.take(onOne, onTwo)
    await publish('two')
    const worker = await restart()
    await eventually(async () => isToldOf(['one', 'two'], worker))
    assert.match(
      notReady({ foundations: [], workers: [worker] }).join(),
      /sink siem does not get the events of one: /,
    )
    await rights.give(onTwo)
    await eventually(async () => receiver.seen.size === 30 && isToldOf(['one'], worker))
    await new ClusterAdmin(kafka.brokers).deleteTopics([`${prefix}.events.one`])
    await rights.give(onOne)
    await publish('two')
    await eventually(async () => receiver.seen.size === 40 && worker.status().unread.length === 0)
    assert.equal(told.filter(text => text.includes('was deleted')).length, 1)
  })

  test('whose topic was deleted says that it was deleted, and goes on with the other', async t => {
    const { prefix, publish, told, receiver, worker } = await delivering(t)
    await new ClusterAdmin(kafka.brokers).deleteTopics([`${prefix}.events.one`])
    await eventually(async () =>
      told.some(text => text.includes(`the topic ${prefix}.events.one was deleted`)),
    )
    await publish('two')
    await eventually(async () => receiver.seen.size === 30 && worker.status().unread.length === 0)
    assert.equal(told.filter(text => text.includes('was deleted')).length, 1)
    assert.doesNotMatch(told.join(), /does not allow/)
  })
})

/** Of each of these foundations what is lacking of it alone, and of no other. */
function isTold(worker: SinkWorker, prefix: string, names: readonly string[]): boolean {
  const { unread, state } = worker.status()
  const told = unread.map(({ foundation, message }) => {
    const topic = `${prefix}\\.events\\.${foundation}`
    const sentence = `^Kafka does not allow this login Read on the topic ${topic}; do: kafka-acls [^;]*$`
    return new RegExp(sentence).test(message) ? foundation : message
  })
  return told.toSorted().join() === names.join() && state === 'failing'
}
