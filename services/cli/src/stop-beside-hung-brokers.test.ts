import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { skipWithoutKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, environment, foundationWith, runs, temporary } from './command-for-tests.ts'
import { HoldingReceiver } from './holding-receiver-for-tests.ts'
import { eventually } from './lab-for-tests.ts'

/** What docker gives a container from SIGTERM to SIGKILL; Kubernetes gives 30 s. */
const graceMs = 10_000

test('a process that polls and delivers ends in time after SIGTERM though its brokers keep their connections and answer nothing, and the next one goes on', {
  timeout: 120_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const kafka = await startKafka({})
  t.after(() => kafka.stop())
  if (!kafka.isOurs) return t.skip('KAFKA_BROKERS is set: it is not ours to stop')
  const foundation = await foundationWith(t, 20)
  const receiver = await HoldingReceiver.start(t)
  receiver.hold()
  const dir = temporary(t)
  const file = join(dir, 'config.yaml')
  const { api, clientId, clientSecret } = foundation
  const config = {
    foundations: [{ name: 'lab', api, clientId, clientSecret, pollInterval: '1s' }],
    log: { kafka: { brokers: kafka.brokers, replicationFactor: 1, sessionTimeout: '6s' } },
    sinks: [
      { name: 'one', url: receiver.url },
      { name: 'two', url: receiver.url },
    ],
    http: { address: '127.0.0.1:0' },
    scrub: { key: 'f'.repeat(64) },
  }
  writeFileSync(file, JSON.stringify(config))
  const data = { DATA_DIR: join(dir, 'data') }
  await runs(['topics', 'apply', '--config', file], data)
  const run = begin(['start', '--config', file], data)
  t.after(() => run.child.kill('SIGKILL'))
  await eventually(async () => receiver.held === 2)
  await kafka.broker(0).pause()
  t.after(() => kafka.broker(0).resume())
  foundation.insert([{ createdAtUs: systemClock.now() * 1000 }])
  // Longer than a poll takes: then its publish hangs.
  const hangsMs = systemClock.monotonic() + 2_000
  await eventually(async () => systemClock.monotonic() > hangsMs)
  // What both sinks have in hand is confirmed, and cannot be settled.
  receiver.release()
  await endsInTime(t, run)
  assert.equal(run.out().match(/"deliveredAgain":20,"msg":"these are delivered again/g)?.length, 2, run.out())

  // What was given up is read back behind a fence, and done: once in the log, and at least once at each receiver.
  await kafka.broker(0).resume()
  writeFileSync(file, JSON.stringify({ ...config, shutdownTimeout: '1s' }))
  const next = begin(['start', '--config', file], data)
  t.after(() => next.child.kill('SIGKILL'))
  await eventually(
    async () => receiver.seen.size === 21 && [...receiver.seen.values()].every(times => times > 1),
  )
  const { out } = await runs(['events', '--config', file, '--json', '--limit', '100'], data)
  const guids = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).guid)
  assert.deepEqual([guids.length, new Set(guids).size], [21, 21])

  // With so little time the process is ended, and has counted before that.
  const held = receiver.held
  receiver.hold()
  foundation.insert([{ createdAtUs: systemClock.now() * 1000 }])
  await eventually(async () => receiver.held === held + 2)
  await kafka.broker(0).pause()
  receiver.release()
  next.child.kill('SIGTERM')
  await next.ended
  assert.equal(next.out().match(/"deliveredAgain":1,/g)?.length, 2, next.out())
})

test('a process that never reached its brokers, which take connections and answer nothing, ends in time after SIGTERM', {
  timeout: 60_000,
}, async t => {
  const server = createServer(socket => socket.on('error', () => undefined)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  t.after(() => server.close())
  const foundation = await foundationWith(t, 0)
  const stops = async (part: 'start' | 'sink') => {
    const run = begin([part], {
      ...environment(foundation, temporary(t)),
      KAFKA_BROKERS: `127.0.0.1:${address.port}`,
      SINK_URL: 'syslog://127.0.0.1:1',
    })
    t.after(() => run.child.kill('SIGKILL'))
    await once(server, 'connection')
    await endsInTime(t, run)
  }
  await stops('start')
  await stops('sink')
})

async function endsInTime(t: TestContext, { child, ended, out }: ReturnType<typeof begin>): Promise<void> {
  const stoppedMs = systemClock.monotonic()
  child.kill('SIGTERM')
  const { code } = await ended
  const tookMs = systemClock.monotonic() - stoppedMs
  t.diagnostic(`ended after ${Math.round(tookMs)} ms`)
  assert.equal(code, 0, out())
  assert.ok(tookMs < graceMs, out())
}
