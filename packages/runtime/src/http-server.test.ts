import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type HttpServerOptions, type RunningHttpServer, startHttpServer } from './http-server.ts'
import { createLogger } from './logger.ts'

const logger = createLogger({ level: 'silent' })
const running: RunningHttpServer[] = []
after(() => Promise.all(running.map(server => server.close())))

async function start(options: Partial<HttpServerOptions> = {}): Promise<RunningHttpServer> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    logger,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'a 1\n' }),
    notReady: () => [],
    status: () => ({ foundations: [] }),
    ...options,
  })
  running.push(server)
  return server
}

/** Everything the server says to `head`, until it ends the connection. */
async function raw(port: number, head: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(head)
  return text(socket)
}

test('port 0 takes a free port and says which', async () => {
  const { url, port } = await start()
  assert.ok(port > 0)
  assert.equal(await (await fetch(`${url}/metrics`)).text(), 'a 1\n')
})

test('the four paths answer', async () => {
  const { url } = await start()
  const metrics = await fetch(`${url}/metrics?x=1`)
  assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4')
  assert.deepEqual(await (await fetch(`${url}/healthz`)).json(), { alive: true })
  assert.deepEqual(await (await fetch(`${url}/readyz`)).json(), { ready: true })
  assert.deepEqual(await (await fetch(`${url}/status`)).json(), { foundations: [] })
})

test('while something is missing /readyz is 503 and says what', async () => {
  const reasons = ['eu1: the log is being read']
  const { url } = await start({ notReady: () => reasons })
  const before = await fetch(`${url}/readyz`)
  assert.equal(before.status, 503)
  assert.deepEqual(await before.json(), { ready: false, reasons: ['eu1: the log is being read'] })
  reasons.length = 0
  assert.equal((await fetch(`${url}/readyz`)).status, 200)
})

test('other paths are 404 and other methods 405, as JSON', async () => {
  const { url } = await start()
  for (const path of ['/', '/metrics/', '/constructor', '/__proto__', '//']) {
    const response = await fetch(url + path)
    assert.equal(response.status, 404, path)
    assert.match(response.headers.get('content-type') ?? '', /json/)
    await response.body?.cancel()
  }
  const posted = await fetch(`${url}/status`, { method: 'POST', body: 'x'.repeat(1_000_000) })
  assert.equal(posted.status, 405)
  assert.equal(posted.headers.get('allow'), 'GET, HEAD')
  const head = await fetch(`${url}/status`, { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
})

test('an answer that fails is 500 and tells nothing of the reason', async () => {
  const { url } = await start({
    metrics: () => Promise.reject(new Error('disk of secrets')),
    status: () => {
      throw new Error('x')
    },
  })
  const metrics = await fetch(`${url}/metrics`)
  assert.equal(metrics.status, 500)
  assert.doesNotMatch(await metrics.text(), /disk/)
  assert.equal((await fetch(`${url}/status`)).status, 500)
})

test('an address in use is told in one sentence with what to do', async () => {
  const { port } = await start()
  await assert.rejects(start({ port }), {
    message: `cannot listen on 127.0.0.1:${port}: another process has this address; stop it, or set http.address (HTTP_ADDRESS) to another port or to port 0`,
  })
})

test('closing does not wait for idle or half-sent connections', async () => {
  const server = await start()
  await (await fetch(`${server.url}/healthz`)).text()
  const half = connect(server.port, '127.0.0.1')
  half.on('error', () => {})
  await once(half, 'connect')
  half.write('GET /status HTTP/1.1\r\nHost: a\r\n')
  const ended = new Promise(resolve => half.on('close', resolve))
  const begun = systemClock.monotonic()
  await Promise.all([server.close(), server.close()])
  await ended
  assert.ok(systemClock.monotonic() - begun < 3000)
  await assert.rejects(fetch(`${server.url}/healthz`))
})

test('a client that sends its head slowly is sent away', { timeout: 15_000 }, async () => {
  const { port } = await start()
  assert.match(await raw(port, 'GET /status HTTP/1.1\r\nX: '), /^HTTP\/1\.1 408/)
})

test('a head of any size and rubbish are refused without hurting the next client', async () => {
  const { port, url } = await start()
  assert.match(
    await raw(port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431/,
  )
  assert.match(await raw(port, '\x16\x03\x01\x02\x00\r\n\r\n'), /^HTTP\/1\.1 400/)
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
})
