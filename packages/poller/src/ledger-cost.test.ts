import assert from 'node:assert/strict'
import { test } from 'node:test'
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

test('the ledger costs at most 5 % of the requests and 2 % of the rows of a poller in its daily work', async t => {
  const one = await PolledFoundation.make(t)
  one.foundation.insert(
    Array.from({ length: 33 * 24 * 6 }, (_, i) => ({ createdAtUs: one.agoUs(600_000 * (i + 1)) })),
  )
  await one.started()
  await one.pass(10 * 60_000)
  const from = { ...one.asked }
  const verifiedBefore = one.verified.length
  for (let minutes = 0; minutes < 6 * 60; minutes++) {
    one.foundation.insert(Array.from({ length: 12 }, (_, n) => ({ createdAtUs: one.agoUs(n * 5_000) })))
    await one.pass(60_000)
  }
  const total = { requests: one.asked.requests - from.requests, rows: one.asked.rows - from.rows }
  const ours = one.verified
    .slice(verifiedBefore)
    .reduce((sum, { requests, rows }) => ({ requests: sum.requests + requests, rows: sum.rows + rows }), {
      requests: 0,
      rows: 0,
    })
  const share = (part: number, whole: number) => Math.round((10_000 * part) / whole) / 100
  const [ofRequests, ofRows] = [share(ours.requests, total.requests), share(ours.rows, total.rows)]
  t.diagnostic(`${ofRequests} % of ${total.requests} requests, ${ofRows} % of ${total.rows} rows`)
  assert.ok(ofRequests <= 5 && ofRows <= 2, `${ofRequests} % of requests, ${ofRows} % of rows`)
  assert.deepEqual((await one.differences()).lost, nothingWrong.lost)
})
