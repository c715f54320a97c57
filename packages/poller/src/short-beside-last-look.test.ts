import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: however many windows are short, what comes after them in a verification has its turn. Method: 330 that miss a row each, by v2,
 * where a page has 100 rows; and a window that only its last look tells of, for in one interval a row of it went and another came.
 */
const dayMs = 24 * hourMs
const windowUs = 300_000_000
const [short, rowsOfEach] = [330, 30]

test('the last look comes before the clean-up, and a late row is held, beside hundreds of short windows', async t => {
  const simulator = { v2: true, v3AuditEvents: false }
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 }, simulator, { apiVersion: 'auto' })
  const alignedUs = (us: number) => Math.floor(us / windowUs) * windowUs
  const baseUs = alignedUs(one.agoUs(8 * dayMs))
  const oldUs = alignedUs(one.agoUs(29 * dayMs + 20 * hourMs)) + 10_000_000
  one.foundation.insert([{ guid: 'goes', createdAtUs: oldUs }, { createdAtUs: oldUs + 5_000_000 }])
  for (let i = 0; i < short; i++)
    one.foundation.insert(
      Array.from({ length: rowsOfEach }, (_, n) => ({ createdAtUs: baseUs + i * windowUs + n * 9_000_000 })),
    )
  await one.started(200_000)
  await one.verifiedAgain(1, 60_000)
  const hidden = Array.from({ length: short }, (_, i) => ({
    guid: `hidden-${i}`,
    createdAtUs: baseUs + i * windowUs + 7_000_000,
  }))
  one.foundation.countOnly(hidden.map(({ guid }) => guid))
  one.foundation.insert(hidden)
  for (let i = 0; i < 150 && one.poller.status().ledger?.missing !== short; i++)
    await one.verifiedAgain(0, 60_000)
  assert.equal(one.poller.status().ledger?.missing, short)
  one.foundation.delete(['goes'])
  one.foundation.insert([{ guid: 'late', createdAtUs: oldUs + 20_000_000 }])
  await one.verifiedAgain(2, 60_000)
  assert.ok(!(await one.guids()).includes('late'), 'the sum hides it')
  one.clock.advance(30.7 * dayMs - (one.agoUs(0) - oldUs) / 1_000)
  const before = one.verified.length
  for (let i = 0; i < 10 && !(await one.guids()).includes('late'); i++) await one.verifiedAgain(0, 60_000)
  const requests = one.verified.slice(before).map(verified => verified.requests)
  t.diagnostic(`held after ${requests.length} verifications with ${requests} requests`)
  assert.ok((await one.guids()).includes('late'))
})
