import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterWriter } from './testing/alter-writer.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

test('while a window is published the two behind it are read, and no more', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  const rows = 30_000
  const spanMs = 400 * hourMs
  one.foundation.insert(
    Array.from({ length: rows }, (_, i) => ({ createdAtUs: one.agoUs(spanMs * (1 - i / rows) + hourMs) })),
  )
  const mayGoOn = Promise.withResolvers<void>()
  /** Rows that were had from Cloud Controller and not yet given to the log, as each window is. */
  const inHand: number[] = []
  let published = 0
  alterWriter(one.log, real => ({
    publish: async (entries, ...rest) => {
      if (entries.length < 1_000) return real.publish(entries, ...rest)
      inHand.push(one.asked.rows - published)
      published += entries.length
      await mayGoOn.promise
      inHand.push(one.asked.rows - published)
      return real.publish(entries, ...rest)
    },
  }))
  one.start().catch(() => undefined)
  await one.until(() => inHand.length > 0)
  const [windowRows = 0] = inHand
  await one.until(() => one.asked.rows > 2.5 * windowRows)
  mayGoOn.resolve()
  await one.until(() => one.poller.caughtUp())
  t.diagnostic(`rows in hand: ${inHand.join(' ')}`)
  assert.ok(Math.max(...inHand) < 3.5 * windowRows, `${inHand}`)
  assert.ok(inHand.length >= 10)
  assert.deepEqual(await one.differences(), nothingWrong)
})

for (const broken of ['a page that does not come', 'a stop'] as const)
  test(`${broken} ends the reading ahead; nothing is lost, nor asked for afterwards`, async t => {
    const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
    const rows = 30_000
    one.foundation.insert(
      Array.from({ length: rows }, (_, i) => ({
        createdAtUs: one.agoUs(400 * hourMs * (1 - i / rows) + hourMs),
      })),
    )
    let publishes = 0
    alterWriter(one.log, real => ({
      publish: (entries, ...rest) => {
        if (entries.length >= 1_000 && ++publishes === 2 && broken !== 'a stop')
          one.foundation.faults.add({ fault: 'error-500', count: 3 })
        return real.publish(entries, ...rest)
      },
    }))
    one.start().catch(() => undefined)
    await one.until(() => publishes >= 2)
    if (broken === 'a stop') {
      await one.stop()
      const { requests } = one.asked
      await new Promise(setImmediate)
      assert.equal(one.asked.requests, requests)
      one.start().catch(() => undefined)
    }
    await one.until(() => one.poller.caughtUp())
    assert.deepEqual(await one.differences(), nothingWrong)
  })
