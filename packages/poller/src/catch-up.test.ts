import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'

const dayMs = 24 * hourMs
const minuteMs = 60_000

test('what the clean-up takes of a window while it is being caught up is gone by nobody else', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  const oldUs = Math.floor(one.agoUs(31.5 * dayMs) / 300_000_000) * 300_000_000
  const rows = one.foundation.insert(
    Array.from({ length: 40 }, (_, i) => ({ createdAtUs: oldUs + i * 1_000_000 })),
  )
  one.foundation.insert([{ createdAtUs: one.agoUs(dayMs) }])
  const [hidden = ''] = one.foundation.insert([{ createdAtUs: oldUs + 41_000_000 }])
  one.foundation.countOnly([hidden])
  one.start().catch(() => undefined)
  await one.until(() => one.missing.filter(count => count > 0).length >= 3)
  one.foundation.delete(rows.filter((_, i) => i % 3 === 1))
  one.foundation.countOnly([])
  await one.until(() => one.poller.caughtUp())
  await one.verifiedAgain(2)
  assert.deepEqual(one.gone, [])
  const { short = -1 } = one.poller.status().ledger?.windows ?? {}
  assert.equal(short, 0)
  assert.deepEqual(await ledgerFaults(one.log), [])
})

/** What the catch-up spends on a row that is counted and not shown, among so many in three days. */
for (const perHour of [2, 400])
  test(`a row that is never shown, among ${perHour} an hour, holds the catch-up up for seconds`, async t => {
    const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
    const everyUs = (hourMs / perHour) * 1000
    one.foundation.insert(
      Array.from({ length: perHour * 72 }, (_, i) => ({ createdAtUs: one.agoUs(0) - (i + 1) * everyUs })),
    )
    const plain = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
    plain.foundation.insert(
      Array.from({ length: perHour * 72 }, (_, i) => ({ createdAtUs: plain.agoUs(0) - (i + 1) * everyUs })),
    )
    await plain.started()
    const hiddenSec = Math.floor(one.agoUs(1.5 * dayMs) / 1e6)
    const [hidden = ''] = one.foundation.insert([{ createdAtUs: hiddenSec * 1e6 }])
    one.foundation.countOnly([hidden])
    await one.started()
    const more = one.asked.requests - plain.asked.requests
    const naps = one.slept.filter(ms => ms === 1_000).length
    t.diagnostic(`${more} requests more, ${naps} naps of a second`)
    const shorts = (await Array.fromAsync(one.log.ledger({}))).filter(({ state }) => state === 'short')
    assert.deepEqual(
      shorts.map(({ fromSec, counted, held }) => [fromSec, (counted ?? 0) - held]),
      [[Math.floor(hiddenSec / 300) * 300, 1]],
    )
    assert.ok(more <= 40, `${more} requests more`)
    assert.ok(naps <= 12, `${naps} naps`)
  })

test('a request that fails now and then does not begin the counting of disagreements anew', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  one.foundation.insert(
    Array.from({ length: 300 }, (_, i) => ({ createdAtUs: one.agoUs(hourMs + i * 10 * minuteMs) })),
  )
  const [hidden = ''] = one.foundation.insert([{ createdAtUs: one.agoUs(dayMs) }])
  one.foundation.countOnly([hidden])
  one.foundation.faults.add({ fault: 'error-500', count: 400, probability: 0.5 })
  one.start().catch(() => undefined)
  const before = one.clock.now()
  await one.until(() => {
    one.clock.advance(500)
    return one.poller.status().windows.unread.length === 0 && one.polls > 0
  })
  const tookMs = one.clock.now() - before
  t.diagnostic(`caught up after ${Math.round(tookMs / 1000)} s of its clock, ${one.missing.length} readings`)
  assert.ok(one.missing.filter(count => count > 0).length <= 14, `${one.missing}`)
})
