import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LedgerWindow } from '@cf-audit-drain/log'
import { alterWriter } from './testing/alter-writer.ts'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'
import { withoutLedger } from './testing/without-ledger.ts'
import { withoutTransactions } from './testing/without-transactions.ts'

const minuteMs = 60_000

/**
 * Goal: what a kill in the middle of a publish, or the loss of a checkpoint, leaves of the ledger is made good at the next
 * start. Method: an embedded log that is made to do its publishes half, or to know no checkpoint.
 */
async function history(t: Parameters<typeof PolledFoundation.make>[0], events = 300) {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  one.foundation.insert(
    Array.from({ length: events }, (_, i) => ({ createdAtUs: one.agoUs(hourMs + i * 7 * minuteMs) })),
  )
  return one
}

async function assertSound(one: PolledFoundation) {
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.deepEqual(await ledgerFaults(one.log), [])
  const wrong = (await Array.fromAsync(one.log.ledger({}))).filter(
    ({ state, counted, held }) => state === 'short' || (counted !== null && counted !== held),
  )
  assert.deepEqual(wrong.slice(0, 2), [])
}

for (const where of ['events', 'ledger'] as const)
  test(`a publish that is killed after its ${where} leaves no event to be taken twice, and no window that is wrong`, async t => {
    const one = await history(t, 1_000)
    let [publishes, recentSec] = [0, 0]
    // Every other that has events of long ago: of the backfill.
    const { doubled, shorts, kills } = withoutTransactions(one.log, entries => {
      recentSec ||= one.clock.now() / 1000 - 6 * 3_600
      const isOld = entries.some(({ createdAtSec }) => createdAtSec < recentSec)
      return isOld && publishes++ % 2 === 0 ? where : null
    })
    one.start().catch(() => undefined)
    await one.until(() => {
      one.clock.advance(1_000)
      return one.poller.caughtUp()
    })
    assert.ok(kills() >= 2, `${kills()} were killed`)
    assert.deepEqual(doubled, [])
    assert.deepEqual(await ledgerFaults(one.log), [])
    await one.verifiedAgain(3)
    await one.stop()
    await one.started()
    await one.verifiedAgain(3)
    assert.deepEqual([doubled, shorts.slice(0, 2)], [[], []])
    await assertSound(one)
    const { tailFromSec = 0 } = one.poller.status().checkpoint ?? {}
    const open = (await Array.fromAsync(one.log.ledger({}))).filter(({ state }) => state === 'open')
    assert.deepEqual(
      open.filter(({ toSec }) => toSec < tailFromSec - 900),
      [],
    )
  })

test('the first ledger of an older log is built whole although its building was killed half-way', async t => {
  const one = await history(t)
  const withLedger = withoutLedger(one.log)
  await one.started()
  await one.pass(10 * minuteMs)
  await one.stop()
  one.log.writer = withLedger
  let built = 0
  alterWriter(one.log, real => ({
    publish: async (entries, next, letters, { windows = [] } = {}) => {
      if (++built > 1) return real.publish(entries, next, letters, { windows })
      await real.publish([], real.checkpoint ?? next, [], { windows: windows.slice(0, windows.length / 2) })
      throw new Error('killed in the middle of the ledger')
    },
  }))
  one.start().catch(() => undefined)
  await one.until(() => {
    one.clock.advance(1_000)
    return one.poller.caughtUp()
  })
  assert.deepEqual(await ledgerFaults(one.log), [])
  await one.verifiedAgain(3)
  await assertSound(one)
})

for (const from of ['retention', 'now', 'a time'] as const)
  test(`a checkpoint that was lost, and started anew from ${from}: what was not read is no part of a closed window`, async t => {
    const one = await history(t)
    await one.started()
    await one.pass(10 * minuteMs)
    await one.verifiedAgain()
    await one.stop()
    one.foundation.insert([{}, {}])
    one.clock.advance(3 * hourMs + 100_000)
    const missedUs = one.agoUs(2 * hourMs)
    one.foundation.insert([{ createdAtUs: missedUs }, { createdAtUs: one.agoUs(100) }])
    one.startFrom = from === 'a time' ? Math.floor(one.clock.now() / 1000) - 1_000 : from
    let lost = true
    const published: string[] = []
    const shorts: LedgerWindow[] = []
    alterWriter(one.log, real => ({
      checkpoint: lost ? null : real.checkpoint,
      publish: (entries, next, letters, beside = {}) => {
        lost = false
        published.push(...entries.map(({ guid }) => guid))
        shorts.push(...(beside.windows ?? []).filter(({ state }) => state === 'short'))
        return real.publish(entries, next, letters, beside)
      },
    }))
    const before = new Set(await one.guids())
    await one.started()
    const isMissedRead = async () =>
      (await one.events()).some(
        ({ createdAt }) => Date.parse(createdAt) === Math.floor(missedUs / 1e6) * 1000,
      )
    if (!(await isMissedRead())) {
      const sec = missedUs / 1e6
      const windows = await Array.fromAsync(one.log.ledger({}))
      const window = windows.find(({ fromSec, toSec }) => fromSec <= sec && sec < toSec)
      assert.equal(window?.state, 'open')
    }
    await one.verifiedAgain(3)
    assert.ok(await isMissedRead())
    assert.deepEqual(
      published.filter(guid => before.has(guid)),
      [],
      'nothing is recorded twice',
    )
    assert.deepEqual(shorts.slice(0, 2), [])
    await assertSound(one)
  })

test('a checkpoint that was set back, as by a mirror of long ago: nothing is counted twice', async t => {
  const one = await history(t, 1_000)
  let early: string | null = null
  const restore = alterWriter(one.log, real => ({
    publish: (entries, next, letters, beside) => {
      early ??= next
      return real.publish(entries, next, letters, beside)
    },
  }))
  await one.started()
  await one.pass(10 * minuteMs)
  await one.stop()
  one.log.writer = restore
  const before = await one.guids()
  const shorts: LedgerWindow[] = []
  alterWriter(one.log, real => ({
    checkpoint: early,
    publish: (entries, next, letters, beside = {}) => {
      early = null
      shorts.push(...(beside.windows ?? []).filter(({ state }) => state === 'short'))
      return real.publish(entries, next, letters, beside)
    },
  }))
  one.start().catch(() => undefined)
  await one.until(() => {
    one.clock.advance(1_000)
    return one.poller.caughtUp()
  })
  assert.deepEqual(shorts.slice(0, 2), [])
  assert.deepEqual(await one.guids(), before)
  await assertSound(one)
})
