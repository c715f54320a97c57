import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterWriter } from './testing/alter-writer.ts'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'

const dayMs = 24 * hourMs

test('of a table that was cut off, what was held is compared in pieces, not all of it in memory at once', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  const events = 60_000
  one.foundation.insert(
    Array.from({ length: events }, (_, i) => ({
      createdAtUs: one.agoUs(hourMs + i * ((20 * dayMs) / events)),
    })),
  )
  let most = 0
  alterWriter(one.log, real => ({
    // What is held together is read in one pass.
    async *guidsOf(windows) {
      let atOnce = 0
      for await (const one of real.guidsOf(windows)) {
        most = Math.max(most, ++atOnce)
        yield one
      }
    },
  }))
  await one.started()
  await one.pass(10 * 60_000)
  most = 0
  one.foundation.delete(
    one.foundation
      .shown()
      .filter(({ createdAtUs }) => createdAtUs < one.agoUs(2 * hourMs))
      .map(({ guid }) => guid),
  )
  await one.verifiedAgain(2)
  t.diagnostic(
    `${most} guids at once; gone ${one.gone.reduce((n, g) => n + g.guids.length, 0)}; ledger ${JSON.stringify(one.poller.status().ledger)}`,
  )
  assert.ok(most <= 25_000, `${most} guids were at hand at once`)
  most = 0
  const [late = ''] = one.foundation.insert([{ createdAtUs: one.agoUs(10 * dayMs) }])
  await one.verifiedAgain(2)
  assert.ok((await one.guids()).includes(late))
  assert.ok(most <= 25_000, `${most} guids were at hand at once, for one that came late into an empty time`)
})
