import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { logLevel, openCluster } from './kafkajs-door.ts'
import { checkVersion, fromKafkajs, putIntoKafkajs } from './pinned-kafkajs.ts'
import type { RequestQueue } from './request-queue-guard.ts'

interface Queue extends RequestQueue {
  maybeThrottle(ms: number): void
  push(request: object): void
  fulfillRequest(response: object): void
  rejectAll(error: Error): void
  destroy(): void
}

const QueueClass = fromKafkajs('src/network/requestQueue/index.js') as new (options: object) => Queue
const silent = { debug: () => undefined, warn: () => undefined }

interface Tried {
  readonly queue: Queue
  readonly sent: readonly number[]
  push(correlationId: number): void
}

function queueOf(t: TestContext, maxInFlightRequests: number | null): Tried {
  const queue = new QueueClass({
    maxInFlightRequests,
    requestTimeout: 60_000,
    enforceRequestTimeout: false,
    clientId: 'test',
    broker: '127.0.0.1:0',
    logger: silent,
  })
  t.after(() => queue.destroy())
  const sent: number[] = []
  const push = (correlationId: number) =>
    queue.push({
      entry: { correlationId, resolve: () => undefined, reject: () => undefined },
      expectResponse: true,
      sendRequest: () => sent.push(correlationId),
    })
  return { queue, sent, push }
}

/** How many timers are armed while `work` runs. */
async function timersDuring(work: () => Promise<unknown>): Promise<number> {
  let armed = 0
  const hook = createHook({
    init: (_, type) => {
      if (type === 'Timeout') armed++
    },
  }).enable()
  try {
    await work()
  } finally {
    hook.disable()
  }
  return armed
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = systemClock.monotonic() + 5000; !condition(); ) {
    if (systemClock.monotonic() > end) assert.fail('not within 5 s')
    await systemClock.sleep(5)
  }
}

/** Ends after some turns of the event loop and some milliseconds, without arming a timer itself. */
async function idleFor(ms: number): Promise<void> {
  const end = systemClock.monotonic() + ms
  while (systemClock.monotonic() < end) await new Promise(setImmediate)
}

test('an idle queue arms no timer', async t => {
  const { queue, sent, push } = queueOf(t, null)
  const armed = await timersDuring(async () => {
    push(1)
    queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 })
    queue.checkPendingRequests()
    await idleFor(60)
  })
  assert.deepEqual(sent, [1])
  assert.equal(armed, 0)
  assert.equal(queue.throttleCheckTimeoutId, null)
})

test('a throttled request goes out when the throttle ends, and one timer is enough for it', async t => {
  const { queue, sent, push } = queueOf(t, null)
  queue.maybeThrottle(80)
  const before = systemClock.now()
  const armed = await timersDuring(async () => {
    push(1)
    push(2)
    assert.deepEqual(sent, [])
    const end = systemClock.monotonic() + 5000
    while (sent.length === 0 && systemClock.monotonic() < end) await new Promise(setImmediate)
  })
  assert.deepEqual(sent, [1, 2])
  assert.ok(systemClock.now() - before >= 79, `went out after ${systemClock.now() - before} ms`)
  assert.ok(armed <= 2, `${armed} timers`)
  assert.equal(queue.throttleCheckTimeoutId, null)
})

test('a request that waits for room goes out with the answer, and at the latest when the timer looks', async t => {
  const { queue, sent, push } = queueOf(t, 1)
  push(1)
  push(2)
  push(3)
  queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 })
  assert.deepEqual(sent, [1, 2])
  queue.maxInFlightRequests = null
  await until(() => sent.length === 3)
  assert.equal(queue.throttleCheckTimeoutId, null)
})

test('requests that are given up leave no timer behind that comes again', async t => {
  const { queue, push } = queueOf(t, 1)
  push(1)
  push(2)
  queue.rejectAll(new Error('connection lost'))
  await until(() => queue.throttleCheckTimeoutId === null)
  push(3)
  push(4)
  assert.notEqual(queue.throttleCheckTimeoutId, null)
  queue.destroy()
  assert.equal(queue.throttleCheckTimeoutId, null)
})

test('a connection to a broker arms no timer while nothing is asked of it', async t => {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (request: Buffer) => socket.write(apiVersionsAnswer(request)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const cluster = openCluster({
    brokers: [`127.0.0.1:${(server.address() as AddressInfo).port}`],
    clientId: 'test',
    connectionTimeoutMs: 5000,
    requestTimeoutMs: 5000,
    authenticationTimeoutMs: 5000,
    retries: 0,
    logCreator: () => () => undefined,
    logLevel: logLevel.NOTHING,
  })
  t.after(() => cluster.disconnect())
  await cluster.connect()
  assert.ok(cluster.isConnected())
  assert.equal(await timersDuring(() => idleFor(100)), 0)
})

/* size INT32 | correlation id INT32 | error INT16 0 | count INT32 0 | throttle INT32 0 */
function apiVersionsAnswer(request: Buffer): Buffer {
  const answer = Buffer.alloc(4 + 14)
  answer.writeInt32BE(14, 0)
  answer.writeInt32BE(request.readInt32BE(8), 4)
  return answer
}

test('another version of kafkajs is refused with what to do', () => {
  assert.throws(() => checkVersion('2.2.5'), /kafkajs 2\.2\.5 is installed.*Install kafkajs 2\.2\.4/)
})

test('a file of kafkajs that is loaded already is not replaced in vain', () => {
  fromKafkajs('src/utils/long.js')
  assert.throws(() => putIntoKafkajs('src/utils/long.js', {}), /was loaded before it could be replaced/)
})
