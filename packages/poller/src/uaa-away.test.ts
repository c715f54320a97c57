import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: polling goes on within about a minute of UAA's return, however long UAA was away. Method: its token endpoint answers
 * nothing of use for a quarter of an hour, once in a running session whose token expires and once from the start on; and
 * Cloud Controller says that it has no UAA.
 */
const minuteMs = 60_000
const faults = ['uaa-unavailable', 'error-503', 'reset-before-headers'] as const

/** In steps that leave a request time to be answered, as a rule: what retries sleeps on the same clock. */
async function pass(one: PolledFoundation, ms: number, isEnough = () => false) {
  for (let left = ms; left > 0 && !isEnough(); left -= 1_000) {
    await systemClock.sleep(3)
    one.clock.advance(1_000)
  }
}

async function isAway(one: PolledFoundation, fault: (typeof faults)[number], path = '/oauth/token') {
  const state = () => one.poller.status().state
  one.foundation.faults.add({ fault, path, count: 1_000_000 })
  await pass(one, 15 * minuteMs, () => state() === 'failing')
  const asked = () => one.foundation.faults.fired.length
  for (let minute = 0; minute < 16; minute += 2) {
    const before = asked()
    await pass(one, 2 * minuteMs)
    assert.ok(asked() > before, `minute ${minute}: UAA was not tried`)
  }
  const delays = one.failures.map(({ delayMs }) => delayMs)
  assert.ok(Math.max(...delays) <= minuteMs, `a pause of ${Math.max(...delays)} ms`)
  assert.ok(new Set(delays.filter(ms => ms > minuteMs / 2)).size > 3, 'nor always as long as the last')

  one.foundation.faults.clear()
  const backMs = one.clock.now()
  await pass(one, 10 * minuteMs, () => state() === 'running')
  const afterMs = one.clock.now() - backMs
  assert.ok(afterMs <= 1.5 * minuteMs, `polled again after ${afterMs} ms`)
}

for (const fault of faults)
  test(`UAA away (${fault}): it is tried every minute, and polling goes on when it is back`, async t => {
    const one = await PolledFoundation.make(t, {}, { tokenLifetimeSec: 300 })
    await one.started()
    await isAway(one, fault)
  })

test('UAA away at the start: it is tried every minute, and polling begins when it is there', async t => {
  const one = await PolledFoundation.make(t)
  one.foundation.faults.add({ fault: 'uaa-unavailable', path: '/oauth/token', count: 1_000_000 })
  one.start().catch(() => undefined)
  await isAway(one, 'uaa-unavailable')
})

test('Cloud Controller without UAA: it is tried every minute, and polling goes on when it has it again', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  await isAway(one, 'uaa-unavailable', '/v3/audit_events')
})

test('what Cloud Controller does wrong is tried as rarely as ever', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  one.foundation.faults.add({ fault: 'error-503', count: 1_000_000 })
  const isLong = () => one.failures.some(({ delayMs }) => delayMs > 2 * minuteMs)
  await pass(one, 40 * minuteMs, isLong)
  assert.ok(isLong(), 'the pauses get longer')
})
