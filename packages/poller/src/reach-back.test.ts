import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterWriter } from './testing/alter-writer.ts'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: nothing that is shown stays unread because the ledger had begun after it. Method: a history of ten days that is read, and
 * then rows older than all of it.
 */
const minuteMs = 60_000
const dayMs = 24 * hourMs

async function tenDays(one: PolledFoundation): Promise<void> {
  one.foundation.insert(
    Array.from({ length: 500 }, (_, i) => ({ createdAtUs: one.agoUs((i + 1) * (dayMs / 50)) })),
  )
  await one.started()
  await one.pass(10 * minuteMs)
}

const holdsAll = async (one: PolledFoundation, guids: readonly string[]) =>
  new Set(guids).isSubsetOf(new Set(await one.guids()))

const firstWindow = async (one: PolledFoundation) => (await Array.fromAsync(one.log.ledger({})))[0]

test('rows from before the oldest that there was are read within an hour or so, and their time is in the ledger', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  await tenDays(one)
  const stamps = [10.5 * dayMs, 11 * dayMs, 11 * dayMs + 1].map(ms => one.agoUs(ms))
  const older = one.foundation.insert(stamps.map(createdAtUs => ({ createdAtUs })))
  const before = await firstWindow(one)
  const isDone = async () => (await holdsAll(one, older)) && (await firstWindow(one))?.state !== 'open'
  const beginMs = one.clock.now()
  while (!(await isDone())) {
    // Step by step: a clock that leaps ahead of the catch-up has its requests time out.
    await one.passCalmly(5 * minuteMs)
    assert.ok(one.clock.now() - beginMs <= 1.5 * hourMs, 'not within an hour and a half')
  }
  t.diagnostic(`after ${(one.clock.now() - beginMs) / minuteMs} min`)
  const first = await firstWindow(one)
  assert.ok(first && before && first.fromSec < before.fromSec)
  assert.equal(first.fromSec, Math.floor((stamps[2] ?? 0) / 1e6 / 300) * 300)
  assert.ok(first.state !== 'open' && first.state !== 'short', first.state)
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.deepEqual(await ledgerFaults(one.log), [])
})

test('after a restart, too', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  await tenDays(one)
  await one.stop()
  const older = one.foundation.insert([{ createdAtUs: one.agoUs(20 * dayMs) }])
  await one.started()
  await one.verifiedAgain(1, 60_000)
  await one.until(() => holdsAll(one, older), 60_000)
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('what the operator has left out stays out', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  one.startFrom = Math.floor(one.agoUs(3 * dayMs) / 1e6)
  await tenDays(one)
  const before = await firstWindow(one)
  one.foundation.insert([{ createdAtUs: one.agoUs(20 * dayMs) }])
  await one.verifiedAgain(13, 60_000)
  await one.pass(10 * minuteMs)
  assert.deepEqual(await firstWindow(one), before)
  assert.equal((await one.guids()).length, 150)
})

test('a clean-up that takes the first windows makes nobody reach back', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 }, { retentionDays: 8 })
  await tenDays(one)
  assert.ok(one.foundation.runCleanUp() > 0)
  await one.verifiedAgain(13, 60_000)
  const asked = one.asked.rows
  await one.verifiedAgain(13, 60_000)
  assert.ok(one.poller.caughtUp())
  assert.ok(one.asked.rows - asked < 1_000, `${one.asked.rows - asked} rows were read`)
  assert.equal(new Set(await one.guids()).size, (await one.guids()).length)
})

test('a ledger that has lost its beginning, or a log that was started anew, makes nobody record again what is held', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  await tenDays(one)
  await one.stop()
  let isLost = true
  const published: string[] = []
  const original = alterWriter(one.log, real => ({
    ledger: async function* () {
      const windows = await Array.fromAsync(real.ledger())
      for (const window of windows.slice(-5)) yield window
    },
    publish: (entries, ...rest) => {
      published.push(...entries.map(({ guid }) => guid))
      return real.publish(entries, ...rest)
    },
  }))
  await one.started()
  await one.verifiedAgain(13, 60_000)
  await one.stop()
  assert.equal(published.length, 0)

  one.log.writer = original
  one.startFrom = Math.floor(one.agoUs(hourMs) / 1e6)
  alterWriter(one.log, real => ({
    checkpoint: isLost ? null : real.checkpoint,
    publish: (entries, ...rest) => {
      isLost = false
      published.push(...entries.map(({ guid }) => guid))
      return real.publish(entries, ...rest)
    },
  }))
  await one.started(60_000)
  assert.equal(one.poller.status().checkpoint?.beganSec, undefined)
  await one.verifiedAgain(13, 60_000)
  assert.equal(published.length, 0)
})
