import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { drivenClock } from '@cf-audit-drain/pipeline'
import { Lease } from './lease.ts'

const sessionMs = 10_000

function leaseOf() {
  const clock = drivenClock()
  const told: (readonly string[] | null)[] = []
  const lease = new Lease(sessionMs, clock, held => told.push(held && [...held]))
  const pass = async (ms: number) => {
    clock.advance(ms)
    for (let i = 0; i < 3; i++) await setImmediate()
  }
  return { clock, told, lease, pass }
}

test('what was granted is held for a session after the last confirmation, and not longer', async () => {
  const { told, lease, pass } = leaseOf()
  lease.grant(new Set(['a']), 0)
  for (let i = 0; i < 5; i++) {
    await pass(sessionMs - 1)
    lease.confirm(0)
  }
  assert.deepEqual(told, [['a']])
  await pass(sessionMs - 1)
  assert.deepEqual([...lease.held], ['a'])
  await pass(1)
  assert.deepEqual(told, [['a'], null])
  assert.deepEqual([...lease.held], [])
})

test('a confirmation after the end gives it back, and a grant tells what is ours now', async () => {
  const { told, lease, pass } = leaseOf()
  lease.grant(new Set(['a']), 0)
  await pass(sessionMs)
  lease.confirm(0)
  lease.grant(new Set(), 0)
  lease.revoke()
  lease.confirm(0)
  assert.deepEqual(told, [['a'], null, ['a'], [], null])
})

test('an answer counts from its question on: one that waited in a stopped process confirms nothing', async () => {
  const { told, lease, pass } = leaseOf()
  lease.grant(new Set(['a']), 0)
  await pass(1_000)
  lease.confirm(900)
  await pass(sessionMs - 900)
  assert.deepEqual(told, [['a'], null], 'a session after the question')
  lease.confirm(60_000)
  assert.deepEqual(told, [['a'], null])
})

test('a closed lease tells nothing more, and leaves no timer behind', async () => {
  const { told, lease, pass, clock } = leaseOf()
  lease.grant(new Set(['a']), 0)
  lease.close()
  await pass(sessionMs)
  lease.grant(new Set(['b']), 0)
  assert.deepEqual(told, [['a']])
  assert.equal(clock.sleeping, 0)
})
