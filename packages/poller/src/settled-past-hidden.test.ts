import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: one row that is counted and never shown does not make the sweeps read more and more. Method: a day and a half with such a row.
 */
const minuteMs = 60_000

test('a row that is counted and never shown does not keep the sweeps from settling what is older', async t => {
  const one = await PolledFoundation.make(t, {
    pollIntervalMs: 5 * minuteMs,
    verifyIntervalMs: 30 * minuteMs,
  })
  const hours = async (count: number) => {
    for (let i = 0; i < count * 12; i++) {
      one.foundation.insert([{}, {}])
      await one.passCalmly(5 * minuteMs)
    }
  }
  await one.started()
  await hours(6)
  const guid = '00000000-0000-4000-8000-000000000001'
  one.foundation.countOnly([guid])
  one.foundation.insert([{ guid, createdAtUs: one.agoUs(2 * hourMs) }])
  await hours(12)
  const before = { ...one.asked }
  await hours(12)
  const early = one.asked.rows - before.rows
  const between = { ...one.asked }
  await hours(12)
  const late = one.asked.rows - between.rows
  const { settledSec = 0 } = one.poller.status().checkpoint ?? {}
  const behindHours = (one.clock.now() / 1000 - settledSec) / 3_600
  t.diagnostic(`${early} rows in 12 h, then ${late}; settled ${behindHours.toFixed(1)} h back`)
  assert.ok(behindHours < 8, `settled ${behindHours} h back`)
  assert.ok(late < early * 1.3, `${late} rows were asked for in 12 h, and ${early} in those before`)
  assert.equal(one.poller.status().ledger?.missing, 1)
  const { lost, ...rest } = await one.differences()
  assert.deepEqual({ lost: lost.filter(one => one !== guid), ...rest }, nothingWrong)
})
