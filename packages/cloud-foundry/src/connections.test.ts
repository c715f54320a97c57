import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { CloudController } from './cloud-controller.ts'
import { UnreachableError } from './errors.ts'
import { clientOf, never } from './testing/client-of.ts'
import {
  hang,
  json,
  later,
  pageOf,
  raw,
  type ScriptedFoundation,
  scriptedFoundation,
} from './testing/scripted-foundation.ts'
import { until } from './testing/until.ts'

const window = { fromSec: 1_795_000_000 }

let foundation: ScriptedFoundation
let controller: CloudController
beforeEach(async () => {
  foundation = await scriptedFoundation()
  controller = clientOf(foundation.origin, { requestTimeoutMs: 60_000, standstillMs: 60_000 })
})
afterEach(async () => {
  await controller.close()
  await foundation.close()
})

test('no more than two requests are under way, whoever asks, and they keep their connections', async () => {
  foundation.events = later(5, json(200, pageOf([])))
  const seen = new Set<Socket>()
  const asking = Promise.all(Array.from({ length: 30 }, () => controller.countAuditEvents(window, never)))
  const watching = until(() => {
    for (const socket of foundation.sockets) seen.add(socket)
    return foundation.requestsOf('/v3/audit_events') === 30
  }, '30 requests')
  await Promise.all([asking, watching])
  assert.equal(foundation.inFlightMax, 2)
  assert.ok(seen.size <= 2, `${seen.size} connections`)
})

test('waiting for a turn is not waiting for an answer: many slow requests do not time out', async () => {
  foundation.events = later(20, json(200, pageOf([])))
  const patient = clientOf(foundation.origin, { requestTimeoutMs: 400, retry: { tries: 1 } })
  try {
    const startedAt = systemClock.monotonic()
    await Promise.all(Array.from({ length: 60 }, () => patient.countAuditEvents(window, never)))
    assert.ok(systemClock.monotonic() - startedAt > 500)
  } finally {
    await patient.close()
  }
})

for (const [where, script] of [
  ['before the headers', hang],
  ['in the body', raw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc', 'stay')],
] as const) {
  test(`an abort ${where} is felt at once, with its own reason, and the connection goes`, async () => {
    foundation.events = script
    const stop = new AbortController()
    const asked = controller.countAuditEvents(window, stop.signal)
    await until(() => foundation.requestsOf('/v3/audit_events') === 1, 'the request')
    const startedAt = systemClock.monotonic()
    const reason = new Error('SIGTERM')
    stop.abort(reason)
    await assert.rejects(asked, error => error === reason)
    assert.ok(systemClock.monotonic() - startedAt < 200)
    foundation.events = json(200, pageOf([]))
    assert.equal(await controller.countAuditEvents(window, never), 0, 'the slot is free again')
  })
}

test('an abort is felt at once while waiting for a slot, for a retry and for a rate limit', async () => {
  foundation.events = hang
  const stop = new AbortController()
  const asked = Array.from({ length: 5 }, () => controller.countAuditEvents(window, stop.signal))
  await until(() => foundation.requestsOf('/v3/audit_events') === 2, 'two requests')
  stop.abort(new Error('stop'))
  for (const one of asked) await assert.rejects(one, /stop/)

  for (const [status, headers] of [
    [503, {}],
    [429, { 'retry-after': '30' }],
  ] as const) {
    const waiting = new AbortController()
    const warned = Promise.withResolvers<void>()
    const slow = clientOf(
      foundation.origin,
      { retry: { firstDelayMs: 30_000, maxDelayMs: 30_000 } },
      { onWarning: () => warned.resolve() },
    )
    foundation.events = json(status, {}, headers)
    const one = slow.countAuditEvents(window, waiting.signal)
    await warned.promise
    waiting.abort(new Error('stop'))
    await assert.rejects(one, /stop/)
    await slow.close()
  }
})

test('an abort and a close are felt at once while a connection is still being made', async () => {
  const { server, port } = await silentServer()
  const connecting = clientOf(`https://127.0.0.1:${port}`, { requestTimeoutMs: 60_000 })
  const stop = new AbortController()
  const asked = connecting.discover(stop.signal)
  await until(() => server.held() === 1, 'the TLS attempt')
  const startedAt = systemClock.monotonic()
  stop.abort(new Error('stop'))
  await assert.rejects(asked, /stop/)
  await connecting.close()
  assert.ok(systemClock.monotonic() - startedAt < 500)
  await until(() => server.held() === 0, 'the attempt is given up', 500)
  await server.close()
})

test('a connection that cannot be made is given up with its request, and keeps no place in the pool', async t => {
  const { server, port } = await silentServer()
  const silent = clientOf(`https://127.0.0.1:${port}`, { requestTimeoutMs: 300, retry: { tries: 3 } })
  t.after(async () => {
    await silent.close()
    await server.close()
  })
  const startedAt = systemClock.monotonic()
  await assert.rejects(silent.discover(never), /no answer within 300 ms \(requestTimeout\)/)
  assert.ok(systemClock.monotonic() - startedAt < 2000)
  await until(() => server.held() === 0, 'the unfinished TLS handshakes are closed', 2000)
})

test('an already aborted signal sends nothing', async () => {
  await assert.rejects(controller.countAuditEvents(window, AbortSignal.abort(new Error('before'))), /before/)
  assert.equal(foundation.requests.length, 0)
})

test('close ends what is under way, leaves no socket, is safe twice, and nothing works after it', async () => {
  foundation.events = hang
  const asked = [controller.countAuditEvents(window, never), controller.countAuditEvents(window, never)]
  await until(() => foundation.requestsOf('/v3/audit_events') === 2, 'two requests')
  const ends = asked.map(one => assert.rejects(one, /foundation "prod" is closed/))
  await Promise.all([controller.close(), controller.close()])
  await Promise.all(ends)
  await until(() => foundation.sockets.size === 0, 'all sockets closed')
  await assert.rejects(controller.discover(never), /closed/)
})

test('close leaves no idle socket behind', async () => {
  await controller.countAuditEvents(window, never)
  assert.ok(foundation.sockets.size > 0)
  await controller.close()
  await until(() => foundation.sockets.size === 0, 'all sockets closed')
})

test('a thousand requests with one signal leave no listener on it', async () => {
  const stop = new AbortController()
  let listeners = 0
  const add = stop.signal.addEventListener.bind(stop.signal)
  const remove = stop.signal.removeEventListener.bind(stop.signal)
  stop.signal.addEventListener = (...all: Parameters<typeof add>) => {
    listeners++
    add(...all)
  }
  stop.signal.removeEventListener = (...all: Parameters<typeof remove>) => {
    listeners--
    remove(...all)
  }
  for (let i = 0; i < 1000; i++) await controller.countAuditEvents(window, stop.signal)
  assert.equal(listeners, 0)
})

test('refused, unknown to DNS and accepted-but-silent each have their sentence', {
  timeout: 20_000,
}, async () => {
  const said = async (origin: string) => {
    const lost = clientOf(origin, { retry: { tries: 1 }, requestTimeoutMs: 300 })
    try {
      await lost.discover(never)
    } catch (error) {
      assert.ok(error instanceof UnreachableError)
      assert.equal(error.retryable, true)
      return error.message
    } finally {
      await lost.close()
    }
    throw new Error('reached')
  }
  const gone = createServer()
  const port = await new Promise<number>(resolve => {
    gone.listen(0, '127.0.0.1', () => resolve((gone.address() as { port: number }).port))
  })
  await new Promise(resolve => gone.close(resolve))
  assert.match(await said(`http://127.0.0.1:${port}`), /refused \(ECONNREFUSED\)/)
  assert.match(
    await said('https://api.cf-audit-drain.invalid'),
    /unknown to DNS|DNS does not answer|no answer/,
  )

  const { server, port: silentPort } = await silentServer()
  assert.match(await said(`https://127.0.0.1:${silentPort}`), /no answer within 300 ms/)
  await until(() => server.held() === 0, 'the unfinished TLS handshake is closed', 2000)
  await server.close()
})

/** Accepts connections and says nothing. */
async function silentServer() {
  let held = 0
  const server = createServer(socket => {
    held++
    socket.resume().once('close', () => held--)
    socket.on('error', () => {})
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return { port, server: { held: () => held, close: () => new Promise(resolve => server.close(resolve)) } }
}
