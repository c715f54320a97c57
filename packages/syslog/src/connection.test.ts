import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { Connection } from './connection.ts'
import { fault } from './testing/expected-fault.ts'
import { never, receiver } from './testing/sink-to.ts'

/** Connected to a receiver that never reads, with what its kernel has not acknowledged as told. */
async function openTo(t: TestContext, unacknowledged: () => Promise<number | null>): Promise<Connection> {
  const hole = await receiver(t, () => {})
  const connection = await Connection.open(
    { host: '127.0.0.1', port: hole.port, connectTimeoutMs: 10_000, progressTimeoutMs: 300, unacknowledged },
    systemClock,
    never,
  )
  t.after(() => connection.reset())
  return connection
}

test('a receiver that stops acknowledging is not waited for for ever', { timeout: 20_000 }, async t => {
  const connection = await openTo(t, async () => 1_000)
  await connection.write(Buffer.from('x'))
  await assert.rejects(connection.settle(2), fault('timeout', /took no byte for 300 ms/))
})

test('one that acknowledges little by little is waited for', async t => {
  const startedAt = systemClock.monotonic()
  let queued = 100_000
  const connection = await openTo(t, async () => {
    queued = systemClock.monotonic() - startedAt > 1_000 ? 0 : queued - 1
    return queued
  })
  await connection.write(Buffer.from('x'))
  await connection.settle(2)
  assert.equal(queued, 0)
})

test('where the system does not tell, only the time counts', async t => {
  const connection = await openTo(t, async () => null)
  await connection.settle(2)
})
