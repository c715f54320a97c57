import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, environment, foundationWith, temporary } from './command-for-tests.ts'
import { eventually, LabRun } from './lab-for-tests.ts'

/** Goal: whoever looks at a process while Kafka is away gets an answer, and the reason, from its first seconds on. */
describe('while Kafka cannot be reached', { concurrency: true }, () => {
  for (const command of ['poller', 'start'])
    for (const [what, key] of [
      ['that makes its key', {}],
      ['that has a key', { SCRUB_KEY: 'k'.repeat(32) }],
    ] as const)
      test(`${command} ${what} listens at once, and says so`, {
        timeout: 120_000,
      }, async t => {
        const env = {
          ...environment(await foundationWith(t, 0), temporary(t)),
          KAFKA_BROKERS: await nobody(),
          ...key,
        }
        const running = begin([command], env)
        t.after(() => running.child.kill('SIGKILL'))
        const one = new LabRun(running)
        // What comes before is the start of Node, which takes as long as the machine lets it.
        const saidAtMs = await firstSeen(() => /cannot reach Kafka/.test(one.out()))
        const listenedAtMs = await firstSeen(() => /listening/.test(one.out()))
        t.diagnostic(`${Math.round(listenedAtMs - saidAtMs)} ms after the first refusal`)
        assert.ok(listenedAtMs - saidAtMs < 5_000)
        assert.match(await one.get('/healthz'), /"alive": true/)
        assert.match(await one.get('/readyz'), /"ready": false.*waits to be elected: cannot reach Kafka/s)
        const { log, foundations } = JSON.parse(await one.get('/status'))
        assert.match(log.problem, /cannot reach Kafka: 127\.0\.0\.1:\d+ refuses connections/)
        assert.equal(foundations[0].state, 'waiting')
        assert.match(await one.get('/metrics'), /^cf_audit_log_up 0$/m)
        // Through the time after which the first attempt is given up.
        await eventually(async () => /it is tried again/.test(one.out()))
        assert.match(await one.get('/healthz'), /"alive": true/)
        assert.equal(running.child.exitCode, null)
      })
})

async function nobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  server.close()
  return `127.0.0.1:${address.port}`
}

async function firstSeen(condition: () => boolean): Promise<number> {
  await eventually(async () => condition(), 50)
  return systemClock.monotonic()
}
