import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { missingOf } from '@cf-audit-drain/log'
import { alterWriter } from './testing/alter-writer.ts'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: a row that is missing in the ledger and shown all the same, as it is no new one where the log has forgotten its window, explains
 * no row that is hidden beside it. Method: a log that says nothing of some windows, as a topic does whose retention has passed them.
 */
const windowUs = 300_000_000
const rowsOfEach = 30

/** So many windows with events, an empty one behind each; the log forgets every second of them, and each of these gets a row more. */
async function forgetful(t: TestContext, count: number) {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  const firstUs = Math.floor(one.agoUs(10 * 24 * hourMs) / windowUs) * windowUs + 1_000_000
  const stampsUs = Array.from({ length: count }, (_, i) => firstUs + 2 * i * windowUs)
  for (const [i, createdAtUs] of stampsUs.entries())
    one.foundation.insert(
      Array.from({ length: rowsOfEach }, (_, n) => ({ guid: `seen-${i}-${n}`, createdAtUs })),
    )
  await one.started()
  await one.pass(10 * 60_000)
  await one.stop()
  const forgottenUs = stampsUs.filter((_, i) => i % 2 === 0)
  const forgottenSecs = new Set(forgottenUs.map(us => us / 1e6))
  alterWriter(one.log, real => ({
    async *guidsOf(windows) {
      for await (const held of real.guidsOf(windows)) if (!forgottenSecs.has(held.createdAtSec)) yield held
    },
  }))
  one.foundation.insert(forgottenUs.map(createdAtUs => ({ createdAtUs })))
  const numbers = async () => {
    const windows = await Array.fromAsync(one.log.ledger({}))
    return stampsUs.map(us => {
      const window = windows.find(({ fromSec }) => fromSec === us / 1e6 - 1)
      return window === undefined ? null : [window.counted, window.gone, missingOf(window)]
    })
  }
  return { one, stampsUs, numbers }
}

const late = [rowsOfEach + 1, 0, 1]
const short = [rowsOfEach + 1, 0, 1]

test('a row that is hidden beside a window that the log has forgotten, and that got a late row, is known to be missing', async t => {
  const { one, stampsUs, numbers } = await forgetful(t, 2)
  await one.started()
  await one.verifiedAgain(3)
  assert.deepEqual(await numbers(), [late, [rowsOfEach, 0, 0]])
  one.foundation.countOnly(['hidden'])
  one.foundation.insert([{ guid: 'hidden', createdAtUs: stampsUs[1] ?? 0 }])
  for (let i = 0; i < 3; i++) {
    await one.verifiedAgain(1)
    assert.deepEqual(await numbers(), [late, short], `verification ${i}`)
  }
  // It is known also to a process that has not read the forgotten window yet.
  await one.stop()
  one.foundation.countOnly(['hidden', 'second'])
  one.foundation.insert([{ guid: 'second', createdAtUs: stampsUs[1] ?? 0 }])
  await one.started()
  await one.verifiedAgain(2)
  assert.deepEqual(await numbers(), [late, [rowsOfEach + 2, 0, 2]])
})

test('rows that are deleted and more that are hidden beside such a window are each known', async t => {
  const { one, stampsUs, numbers } = await forgetful(t, 4)
  await one.started()
  await one.verifiedAgain(3)
  one.foundation.delete(['seen-1-1', 'seen-1-2'])
  const hidden = [1, 3, 3].map((window, i) => ({ guid: `hidden-${i}`, createdAtUs: stampsUs[window] ?? 0 }))
  one.foundation.countOnly(hidden.map(({ guid }) => guid))
  one.foundation.insert(hidden)
  await one.verifiedAgain(3)
  const third = [rowsOfEach + 2, 0, 2]
  assert.deepEqual(await numbers(), [late, [rowsOfEach - 1, 2, 1], late, third])
})

test('with more such windows than one verification can read, the next ones get further', async t => {
  const { one, stampsUs, numbers } = await forgetful(t, 60)
  await one.started()
  one.foundation.countOnly(['hidden'])
  one.foundation.insert([{ guid: 'hidden', createdAtUs: stampsUs[1] ?? 0 }])
  await one.verifiedAgain(6)
  const found = await numbers()
  assert.deepEqual(
    found,
    stampsUs.map((_, i) => (i === 1 || i % 2 === 0 ? short : [rowsOfEach, 0, 0])),
  )
  assert.ok(one.verified.every(({ requests }) => requests <= 80))
})

test('a row that is shown at last and becomes a dead letter explains none that is hidden beside it', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  const createdAtUs = Math.floor(one.agoUs(10 * 24 * hourMs) / windowUs) * windowUs + 1_000_000
  const created_at = `${new Date(createdAtUs / 1000).toISOString().slice(0, 19)}Z`
  const guid = '00000000-0000-4000-8000-000000000001'
  one.foundation.countOnly([guid])
  one.foundation.insert([
    { text: JSON.stringify({ guid, created_at, type: ['audit.app.update'], data: {} }) },
  ])
  one.foundation.insert([{ createdAtUs }, { createdAtUs: createdAtUs + windowUs }])
  await one.started()
  await one.verifiedAgain(2)
  assert.equal(one.poller.status().ledger?.missing, 1)
  await one.stop()
  one.foundation.countOnly(['hidden'])
  one.foundation.insert([{ guid: 'hidden', createdAtUs: createdAtUs + windowUs }])
  const before = one.verified.length
  await one.started()
  await one.until(() => one.verified.length > before)
  const windows = await Array.fromAsync(one.log.ledger({}))
  const numbers = windows.filter(({ held }) => held > 0).map(({ held, counted }) => [held, counted])
  assert.deepEqual(numbers, [
    [2, 2],
    [1, 2],
  ])
})
