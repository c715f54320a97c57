import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'
import {
  dayMs,
  goesOn,
  insertHistory,
  minuteMs,
  shownGuids,
  watchedSource,
} from './testing/watched-source.ts'

/** What loses nothing, or only what the clean-up takes, is told by nobody. */
async function assertPeace(one: PolledFoundation) {
  assert.deepEqual(
    (await one.told()).map(({ type, target, data }) => [type, target?.name, data]),
    [],
  )
  assert.deepEqual(one.losses, [])
  assert.deepEqual(
    one.failures.filter(({ loop }) => loop === 'session'),
    [],
  )
}

test('the nightly clean-up is no loss: not whole, not half done, not in the middle of a bisection', async t => {
  const one = await watchedSource(t, { days: 33, everyMin: 20 })
  one.foundation.runCleanUp(60)
  await goesOn(one, 2)
  one.foundation.insert([{ createdAtUs: one.agoUs(12 * dayMs) }])
  one.foundation.faults.add({ fault: 'clean-up-between-pages', page: 1, count: 3, rows: 5 })
  await goesOn(one, 3)
  one.foundation.runCleanUp()
  await goesOn(one, 6)
  await assertPeace(one)
  for (let night = 0; night < 2; night++) {
    await one.passCalmly(dayMs, 5 * minuteMs)
    one.foundation.runCleanUp()
    await goesOn(one, 4)
  }
  await assertPeace(one)
})

test('a clean-up that keeps seven days is none when it comes for the first time, its rows taken in no order', async t => {
  const random = seededRandom(5)
  const one = await watchedSource(t, { days: 7.9, everyMin: 10 }, { retentionDays: 7 })
  const old = shownGuids(one, ago => ago > 7 * dayMs)
  one.foundation.delete(old.filter(() => random() < 0.5))
  await goesOn(one, 12)
  await assertPeace(one)
  one.foundation.runCleanUp()
  await goesOn(one, 12)
  await assertPeace(one)
  await one.passCalmly(dayMs, 5 * minuteMs)
  one.foundation.runCleanUp()
  await goesOn(one, 6)
  await assertPeace(one)
})

test('a clean-up that begins to keep five days instead of nine is none', async t => {
  const one = await watchedSource(t, { days: 9, everyMin: 10 })
  one.foundation.delete(shownGuids(one, ago => ago > 5 * dayMs))
  await goesOn(one, 8)
  await assertPeace(one)
})

test('a clean-up during the backfill is no loss', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  insertHistory(one, { days: 33, everyMin: 10 })
  one.foundation.faults.add({
    fault: 'clean-up-between-pages',
    page: 1,
    count: 12,
    rows: 20,
    probability: 0.5,
  })
  await one.started()
  await goesOn(one, 12)
  await assertPeace(one)
})

test('a replica that lags by twenty minutes and answers every other request is no restored database', async t => {
  const one = await watchedSource(t, { days: 2, everyMin: 10 })
  for (let i = 0; i < 20; i++) {
    one.foundation.insert([{}, {}, {}, {}, {}])
    await one.passCalmly(minuteMs)
  }
  one.foundation.faults.add({
    fault: 'stale-replica',
    lagMs: 20 * minuteMs,
    probability: 0.5,
    count: 1_000_000,
  })
  for (let i = 0; i < 60; i++) {
    one.foundation.insert([{}, {}, {}])
    await one.passCalmly(2 * minuteMs)
  }
  await assertPeace(one)
  one.foundation.faults.clear()
  await goesOn(one, 4)
  await assertPeace(one)
  assert.equal(one.poller.status().ledger?.gone, 0)
})

test('a replica that lags and answers every request for half an hour is no restored database', async t => {
  const one = await watchedSource(t, { days: 2, everyMin: 10 })
  for (let i = 0; i < 20; i++) {
    one.foundation.insert([{}, {}, {}, {}, {}])
    await one.passCalmly(minuteMs)
  }
  one.foundation.faults.add({ fault: 'stale-replica', lagMs: 25 * minuteMs, count: 1_000_000 })
  for (let i = 0; i < 30; i++) {
    one.foundation.insert([{}])
    await one.passCalmly(minuteMs)
  }
  one.foundation.faults.clear()
  await goesOn(one, 4)
  await assertPeace(one)
  assert.equal(one.poller.status().ledger?.gone, 0)
})

test('narrowed rights, drifting pages and late rows lose nothing', async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  const { clientId } = one.foundation
  one.foundation.setScopes(clientId, ['cloud_controller.read'])
  one.foundation.faults.add({ fault: 'tokens-revoked' })
  await goesOn(one, 4)
  await assertPeace(one)
  one.foundation.setScopes(clientId, ['cloud_controller.global_auditor'])
  one.foundation.faults.add({ fault: 'tokens-revoked' })
  await goesOn(one, 4)
  one.foundation.faults.add(
    { fault: 'page-shift', page: 1, count: 5, rows: 2, probability: 0.5 },
    { fault: 'page-repeat', page: 1, count: 5, rows: 2, probability: 0.5 },
    { fault: 'insert-between-statements', count: 5, rows: 2, probability: 0.5 },
  )
  one.foundation.insert([{ createdAtUs: one.agoUs(2 * hourMs) }, { createdAtUs: one.agoUs(2 * dayMs) }])
  await goesOn(one, 8)
  await assertPeace(one)
})
