import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { ISocketFactory } from 'kafkajs'
import type { EventLog } from '../ports.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { Names } from './names.ts'

const sessionMs = 2_000

describe('the election on Kafka', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  let prefixes = 0
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const election = (t: TestContext) => {
    const prefix = `election-${process.pid}-${++prefixes}`
    const opened: { readonly log: EventLog; stop(): Promise<void> }[] = []
    t.after(async () => {
      for (const { stop } of opened) await stop()
      for (const { log } of opened) await log.close()
    })
    /** One process to be: stands for election at once. */
    return (foundations: readonly string[], socketFactory?: ISocketFactory) => {
      const log = openKafkaLog(
        {
          brokers: kafka.brokers,
          prefix,
          createTopics: { replicationFactor: 1 },
          sessionTimeoutMs: sessionMs,
          topicRefreshMs: 300,
          ...(socketFactory === undefined ? {} : { socketFactory }),
        },
        { clock: systemClock },
      )
      const polling = new Set<string>()
      const begun: string[] = []
      const stopping = new AbortController()
      let isElected = false
      const told: string[] = []
      const leading = log.lead(
        foundations,
        {
          async poll(foundation, term) {
            begun.push(foundation)
            polling.add(foundation)
            await aborted(term)
            polling.delete(foundation)
          },
          elected: ours => {
            isElected = ours !== null
          },
          failed: (error, foundation) => told.push(`${foundation}: ${error.message}`),
        },
        stopping.signal,
      )
      const stop = () => {
        stopping.abort(new Error('enough'))
        return leading
      }
      const one = { log, prefix, told, polling, begun, stop, isElected: () => isElected }
      opened.push(one)
      return one
    }
  }

  test('a foundation is given to a process that has it configured, and to no other', async t => {
    const stand = election(t)
    // Whoever joins first leads the group: kafkajs' own assigner knows the topics of that one only.
    const old = stand(['one'])
    await until(() => old.polling.size === 1)
    const other = stand(['two', 'three'])
    await until(() => other.polling.size === 2)
    assert.deepEqual([...old.polling], ['one'])
    await other.stop()
    await until(() => old.isElected())
    assert.deepEqual([...old.polling], ['one'])
  })

  test('a foundation whose topics are not as they must be keeps no other one from being polled, nor is it forgotten', async t => {
    const stand = election(t)
    const first = stand(['good'])
    await until(() => first.polling.size === 1)
    const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    t.after(() => admin.disconnect())
    const topic = new Names(first.prefix).events('wide')
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })
    const second = stand(['good', 'wide'])
    await until(() => second.isElected())
    assert.match(second.told.join(), /^wide: .*more than one partition/)
    await first.stop()
    await until(() => second.polling.has('good'))
    assert.ok(!second.polling.has('wide'))
    await admin.deleteTopics({ topics: [topic] })
    await until(() => second.polling.has('wide') && second.polling.has('good'))
  })

  test('who joins is given a fair share, and the polling of what stays goes on', async t => {
    const stand = election(t)
    const names = ['a', 'b', 'c', 'd']
    const first = stand(names)
    await until(() => first.polling.size === 4)
    const second = stand(names)
    await until(() => second.polling.size === 2 && first.polling.size === 2)
    assert.deepEqual([...first.polling, ...second.polling].toSorted(), names)
    const third = stand(names)
    await until(() => third.polling.size === 1 && first.polling.size + second.polling.size === 3)
    await third.stop()
    await until(() => first.polling.size + second.polling.size === 4)
    await second.stop()
    await until(() => first.polling.size === 4)
    for (const name of names) {
      const terms = first.begun.filter(begun => begun === name).length
      assert.ok(terms <= 2, `${name} was begun ${terms} times: it moves there and back at most`)
    }
    assert.ok(first.begun.length <= 6 + 1, `${first.begun}`)
  })

  test('who hears nothing of the brokers stops within a session, and polls again when it hears of them', async t => {
    const stand = election(t)
    const sockets = mutableSockets()
    const deaf = stand(['one'], sockets.factory)
    await until(() => deaf.polling.size === 1)
    const other = stand(['one'])
    await until(() => other.isElected())
    sockets.mute()
    const startedMs = systemClock.monotonic()
    await until(() => deaf.polling.size === 0)
    assert.ok(systemClock.monotonic() - startedMs < sessionMs + 1_000)
    assert.equal(deaf.isElected(), false)
    await until(() => other.polling.size === 1)
    await other.stop()
    sockets.unmute()
    await until(() => deaf.polling.size === 1)
  })
})

/** Sockets that can be made to pass nothing on, as a network that fell silent. */
function mutableSockets(): { readonly factory: ISocketFactory; mute(): void; unmute(): void } {
  const sockets = new Set<Socket>()
  let isMute = false
  return {
    factory: ({ host, port, onConnect }) => {
      const socket = connect({ host, port }, onConnect)
      sockets.add(socket)
      if (isMute) socket.cork()
      return socket
    },
    mute() {
      isMute = true
      for (const socket of sockets) socket.pause().cork()
    },
    unmute() {
      isMute = false
      for (const socket of sockets) socket.resume().uncork()
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve())
  return promise
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpMs = systemClock.monotonic() + 40_000
  while (!condition()) {
    assert.ok(systemClock.monotonic() < giveUpMs, `gave up waiting for ${condition}`)
    await systemClock.sleep(20)
  }
}
