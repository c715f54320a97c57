import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { ISocketFactory } from 'kafkajs'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import { openKafkaLog } from './kafka-log.ts'
import type { KafkaLogLine } from './kafka-options.ts'

/*
 * Goal: brokers that go away under a running sink are told of at once, in one sentence with what to do. Method: a process to be
 * whose sockets are all cut, and lead from then on to where nobody listens.
 */
test('brokers that go away under a sink are told at once and once, with what to do, and so is their return', {
  timeout: 90_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const way = await cuttable()
  const { log, lines, failed } = await readingSink(t, way, brokers => ({ brokers, prefix: 'away' }))
  assert.equal(log.unreachable?.(), null)

  const sentence = /^cannot reach Kafka: .* refuses connections \(ECONNREFUSED\)\. Do the brokers run/
  const shown = () => lines.filter(({ level }) => level !== 'debug').map(({ message }) => message)
  lines.length = 0
  way.cut()
  const startedMs = systemClock.monotonic()
  await until(() => shown().some(message => sentence.test(message)))
  const ms = systemClock.monotonic() - startedMs
  t.diagnostic(`${Math.round(ms)} ms`)
  assert.ok(ms < 5_000, `${ms} ms`)
  assert.match(log.unreachable?.()?.message ?? '', sentence)
  await until(() => failed.some(message => sentence.test(message)))
  // By then kafkajs has said most of what it says before it gives up.
  await until(() => systemClock.monotonic() - startedMs > 7_000)
  t.diagnostic(`${shown().length} lines shown of ${lines.length}`)
  assert.equal(shown().filter(message => sentence.test(message)).length, 1)
  assert.ok(shown().length < 10, shown().join('\n'))
  way.mend()
  await until(() => shown().includes('Kafka can be reached again'))
  assert.equal(log.unreachable?.(), null)
})

test('brokers that are reached as others name them are not told to be away, though the configured address leads nowhere', {
  timeout: 60_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  // What the brokers call themselves is another name, as of those beside the one that is configured.
  const way = await cuttable('localhost')
  const { log, lines, writer, source } = await readingSink(t, way, brokers => ({
    brokers: brokers.map(broker => broker.replace('127.0.0.1', 'localhost')),
    prefix: 'half-away',
    sessionTimeoutMs: 2_000,
  }))
  way.cut()
  // A client that is new begins where it is configured.
  const other = log.source('other', { batchMax: 100 })
  const connecting = other.connect(AbortSignal.timeout(2_000)).catch(() => undefined)
  await until(() => way.refused > 1)
  await connecting
  assert.equal(log.unreachable?.(), null)
  assert.doesNotMatch(lines.map(({ message }) => message).join('\n'), /^cannot reach Kafka/m)
  await writer.publish(makeEntries(3, 3), 'six')
  assert.equal((await source.read(AbortSignal.timeout(20_000)))?.batch.length, 3)
})

/** A sink that has read what a writer of the same process has published. */
async function readingSink(
  t: TestContext,
  way: { readonly factory: ISocketFactory },
  options: (brokers: readonly string[]) => Parameters<typeof openKafkaLog>[0] & { readonly prefix: string },
) {
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const lines: KafkaLogLine[] = []
  const failed: string[] = []
  const { prefix, ...others } = options(kafka.brokers)
  const log = openKafkaLog(
    {
      ...others,
      prefix: `${prefix}-${process.pid}`,
      createTopics: { replicationFactor: 1 },
      socketFactory: way.factory,
      onLog: line => lines.push(line),
    },
    { clock: systemClock, observer: { failed: error => failed.push(error.message) } },
  )
  t.after(() => log.close())
  const writer = await log.writer('lab')
  await writer.publish(makeEntries(0, 3), 'three')
  const source = log.source('siem', { batchMax: 100 })
  await source.connect(AbortSignal.timeout(20_000))
  await (await source.read(AbortSignal.timeout(20_000)))?.settle()
  return { log, lines, failed, writer, source }
}

/** Ways to the brokers that can be cut; `only`: those to this host. */
async function cuttable(only?: string) {
  const nobody = createServer().listen(0, '127.0.0.1')
  await once(nobody, 'listening')
  const { port: closedPort } = nobody.address() as AddressInfo
  nobody.close()
  const sockets = new Set<Socket>()
  let isCut = false
  let refused = 0
  const factory: ISocketFactory = ({ host, port, onConnect }) => {
    const isOurs = only === undefined || host === only
    if (isCut && isOurs) refused++
    const socket = connect({ host, port: isCut && isOurs ? closedPort : port }, onConnect)
    if (isOurs) sockets.add(socket)
    return socket
  }
  return {
    factory,
    get refused() {
      return refused
    },
    cut() {
      isCut = true
      for (const socket of sockets) socket.destroy(new Error('the brokers are gone'))
    },
    mend() {
      isCut = false
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  const giveUpMs = systemClock.monotonic() + 40_000
  while (!condition()) {
    assert.ok(systemClock.monotonic() < giveUpMs, `gave up waiting for ${condition}`)
    await systemClock.sleep(20)
  }
}
