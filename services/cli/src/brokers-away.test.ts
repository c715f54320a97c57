import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { runs, temporary } from './command-for-tests.ts'

/** More than a command takes at the same time that asks nobody. kafkajs takes 18 s; it is 6 s with nothing else on the machine. */
const longestMs = 12_000

test('brokers that refuse are told by events, ledger and topics at once, in the sentence of check', async t => {
  const server = createServer()
  const port = await listening(server)
  server.close()
  await saysAsCheckDoes(
    t,
    port,
    /cannot reach Kafka: 127\.0\.0\.1:\d+ refuses connections \(ECONNREFUSED\)\. Do the/,
  )
})

test('brokers that accept and never answer are told within seconds, in the sentence of check', async t => {
  const server = createServer(socket => socket.on('error', () => undefined))
  const port = await listening(server)
  t.after(() => server.close())
  await saysAsCheckDoes(t, port, /cannot reach Kafka: 127\.0\.0\.1:\d+ .*\. Do the brokers run/)
})

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

async function saysAsCheckDoes(t: TestContext, port: number, sentence: RegExp): Promise<void> {
  const env = {
    CF_API: 'http://127.0.0.1:1',
    CF_CLIENT_ID: 'drain',
    CF_CLIENT_SECRET: 's',
    KAFKA_BROKERS: `127.0.0.1:${port}`,
    DATA_DIR: temporary(t),
  }
  const timed = async (...args: readonly string[]) => {
    const startedMs = systemClock.monotonic()
    const ended = await runs(args, env)
    return { ...ended, tookMs: systemClock.monotonic() - startedMs, name: args.join(' ') }
  }
  const [idle, checked, ...others] = await Promise.all([
    timed('version'),
    timed('check', '--for', 'topics'),
    timed('events'),
    timed('ledger'),
    timed('topics', 'plan'),
    timed('topics', 'apply'),
  ])
  const said = sentence.exec(checked.out)?.[0] ?? assert.fail(checked.out)
  for (const { name, code, out, err, tookMs } of [checked, ...others]) {
    t.diagnostic(`${name}: ${Math.round(tookMs)} ms`)
    assert.ok(`${out}${err}`.includes(said), `${name}: ${err}`)
    assert.equal(code, checked.code, name)
    const longerMs = Math.round(tookMs - idle.tookMs)
    assert.ok(longerMs < longestMs, `${name} took ${longerMs} ms longer than version`)
  }
}
