import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Disagreement } from './disagreement.ts'
import type { Session } from './session.ts'
import { alterWriter } from './testing/alter-writer.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'
import { WindowsAhead } from './windows-ahead.ts'

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

/** A made-up foundation with a row a second, pages that come when the test says, and what was asked of it. */
function madeUp(rowsPerSec = 1) {
  const asked: number[] = []
  const open = new Set<object>()
  const pages: (() => void)[] = []
  const spared: PromiseWithResolvers<void>[] = []
  let isSpared = true
  let made = 0
  const session = {
    source: {
      perPageMax: 100,
      countAuditEvents: async () => 0,
      auditEvents: async ({ fromSec, toSec }: { fromSec: number; toSec: number }) => {
        asked.push(fromSec)
        await new Promise<void>(resolve => pages.push(resolve))
        const resources = Array.from({ length: (toSec - fromSec) * rowsPerSec }, (_, i) => ({
          guid: `${fromSec + i}`,
          text: JSON.stringify({ guid: `${fromSec + i}` }),
        }))
        return { resources, totalResults: session.hidden + resources.length, totalPages: 1 }
      },
    },
    hidden: 0,
    spareRequest: async () => {
      if (isSpared) return
      const one = Promise.withResolvers<void>()
      spared.push(one)
      await one.promise
    },
    recorder: {
      ledger: { rangeOf: (sec: number) => ({ fromSec: sec, toSec: sec + 300 }) },
      look: () => {
        const look = { end: () => open.delete(look) }
        open.add(look)
        return look
      },
      makeAhead: async () => {
        made++
      },
    },
  }
  const turns = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  }
  /** Every page that was asked for. */
  const come = async () => {
    await turns()
    for (const page of pages.splice(0)) page()
    await turns()
  }
  const keep = () => {
    isSpared = false
  }
  const ahead = new WindowsAhead(
    session as unknown as Session,
    { fromSec: 0, toSec: 1_000 },
    1_000,
    new Disagreement(),
    new AbortController().signal,
  )
  return { ahead, session, asked, open, turns, come, keep, spared, made: () => made }
}

test('what lies behind a window is asked for once that is there whole, and what lies behind it not before it is wanted', async () => {
  const { ahead, asked, open, come } = madeUp()
  const first = ahead.read(0)
  ahead.readOn(first)
  await come()
  assert.deepEqual(asked, [0, 70])
  await come()
  assert.deepEqual(asked, [0, 70], 'nobody wants the third')
  const second = first.next
  assert.ok(second)
  ahead.readOn(second)
  await come()
  assert.deepEqual(asked, [0, 70, 140])
  assert.equal(open.size, 3)
  ahead.recorded()
  assert.equal(open.size, 2)
  ahead.end()
  assert.equal(open.size, 0)
})

test('behind a window that is not whole, and behind the last one, nothing is asked for', async () => {
  const short = madeUp()
  short.session.hidden = 1
  short.ahead.readOn(short.ahead.read(0))
  await short.come()
  assert.deepEqual(short.asked, [0])
  const last = madeUp()
  last.ahead.readOn(last.ahead.read(990))
  await last.come()
  assert.deepEqual(last.asked, [990])
})

test('once it is ended nothing is asked for, not even what waits for a request to spare', async () => {
  const { ahead, asked, turns, come, made } = madeUp()
  const first = ahead.read(0)
  ahead.readOn(first)
  await turns()
  ahead.end()
  await come()
  assert.deepEqual(asked, [0], 'nothing behind it')
  assert.equal(made(), 0)
  const waiting = madeUp()
  waiting.keep()
  const kept = waiting.ahead.read(0)
  waiting.ahead.end()
  assert.equal(waiting.spared.length, 1)
  waiting.spared[0]?.resolve()
  await assert.rejects(kept.segment)
  assert.deepEqual(waiting.asked, [])
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
