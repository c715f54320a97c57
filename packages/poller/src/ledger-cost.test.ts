import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

/** A million for the sentence of the README: `EVENTS=1000000 npx node --test packages/poller/src/ledger-cost.test.ts`. */
const events = Number(process.env['EVENTS'] ?? 40_000)
const dayMs = 24 * hourMs

test(`one event that is hidden and then shown among ${events} is found within two verifications and 25 requests`, async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  const everyUs = (30 * dayMs * 1000) / events
  one.foundation.insert(
    (function* () {
      for (let i = 0; i < events; i++) yield { createdAtUs: one.agoUs(hourMs) - Math.floor(i * everyUs) }
    })(),
  )
  await one.started(600_000)
  await one.verifiedAgain(1, 60_000)
  const [hidden = ''] = one.foundation.insert([
    { createdAtUs: one.agoUs(17 * dayMs), visibleAtMs: one.clock.now() + 60_000 },
  ])
  const before = one.verified.length
  one.clock.advance(60_000)
  await one.verifiedAgain(1, 60_000)
  assert.ok(one.verified.length - before <= 3)
  const spent = one.verified.slice(before).filter(({ published }) => published > 0)
  assert.equal(spent.length, 1)
  assert.ok((spent[0]?.requests ?? 99) <= 25, JSON.stringify(spent))
  t.diagnostic(`found with ${spent[0]?.requests} requests and ${spent[0]?.rows} rows`)
  const { ledger } = one.poller.status()
  t.diagnostic(
    `${(ledger?.windows.closed ?? 0) + (ledger?.windows.open ?? 0)} windows, ${ledger?.held} events held`,
  )
  assert.ok((await one.guids()).includes(hidden))
})

/** Of all that the poller asks in sixteen hours of its daily work: what the ledger asks, in per cent. */
async function shareOf(t: TestContext, one: PolledFoundation, perMinute: number) {
  await one.started(600_000)
  let from = one.asked
  let verifiedBefore = 0
  for (let minutes = 0; minutes < 20 * 60; minutes++) {
    // By then last looks come as steadily as events do.
    if (minutes === 4 * 60) [from, verifiedBefore] = [{ ...one.asked }, one.verified.length]
    const agoMs = (n: number) => Math.floor((n * 60_000) / perMinute)
    one.foundation.insert(Array.from({ length: perMinute }, (_, n) => ({ createdAtUs: one.agoUs(agoMs(n)) })))
    await one.pass(60_000)
  }
  const total = { requests: one.asked.requests - from.requests, rows: one.asked.rows - from.rows }
  const ours = { requests: 0, rows: 0 }
  for (const { requests, rows } of one.verified.slice(verifiedBefore)) {
    ours.requests += requests
    ours.rows += rows
  }
  const percent = (part: number, whole: number) => Math.round((10_000 * part) / whole) / 100
  const share = {
    ofRequests: percent(ours.requests, total.requests),
    ofRows: percent(ours.rows, total.rows),
  }
  t.diagnostic(`${share.ofRequests} % of ${total.requests} requests, ${share.ofRows} % of ${total.rows} rows`)
  assert.deepEqual((await one.differences()).lost, nothingWrong.lost)
  return share
}

/** A million a month. More, or fewer: `PER_MINUTE=12 npx node --test packages/poller/src/ledger-cost.test.ts`. */
const perMinute = Number(process.env['PER_MINUTE'] ?? 22)

test(`the ledger costs at most 5 % of a poller's requests and 2 % of its rows, at ${perMinute} events a minute, also a month ago`, async t => {
  const one = await PolledFoundation.make(t)
  // What the clean-up is about to reach is looked at once more; what lies between is counted, however much it is.
  const oldest = Array.from({ length: perMinute * 2 * 24 * 60 }, (_, n) => ({
    createdAtUs: one.agoUs(29 * dayMs) - Math.floor((n * 60_000_000) / perMinute),
  }))
  const between = Array.from({ length: 29 * 24 }, (_, n) => ({ createdAtUs: one.agoUs(n * hourMs) }))
  one.foundation.insert([...oldest, ...between])
  const { ofRequests, ofRows } = await shareOf(t, one, perMinute)
  assert.ok(ofRequests <= 5 && ofRows <= 2, `${ofRequests} % of requests, ${ofRows} % of rows`)
})
