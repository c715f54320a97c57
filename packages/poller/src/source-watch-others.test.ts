import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'
import { dayMs, goesOn, minuteMs, shownGuids, watchedSource } from './testing/watched-source.ts'

/** Goal: what is lost is told beside whatever else is odd, at a bounded price, and what is only hidden is not. */

test('a loss is told though another row is counted and never shown', async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  const guid = '00000000-0000-4000-8000-000000000001'
  one.foundation.countOnly([guid])
  one.foundation.insert([{ guid, createdAtUs: one.agoUs(20 * hourMs) }])
  await goesOn(one, 4)
  const [lost = ''] = shownGuids(one, ago => ago > 2 * dayMs && ago < 2.2 * dayMs)
  one.foundation.delete([lost])
  await goesOn(one, 6)
  assert.deepEqual(
    one.losses.map(one => one.guid),
    [lost],
  )
})

test('a row that is no longer shown and still counted is no loss', async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  const [hidden = ''] = shownGuids(one, ago => ago > 2 * dayMs && ago < 2.2 * dayMs)
  one.foundation.countOnly([hidden])
  await one.passCalmly(2 * hourMs)
  await goesOn(one, 6)
  assert.deepEqual(one.losses, [])
})

for (const everyMin of [1, 10])
  test(`nor is it one when its window is read because of another, one row every ${everyMin} min`, async t => {
    const one = await watchedSource(t, { days: 3, everyMin })
    const [hidden = '', lost = ''] = shownGuids(one, ago => ago > 1.2 * dayMs && ago < 1.4 * dayMs)
    one.foundation.countOnly([hidden])
    one.foundation.delete([lost])
    await goesOn(one, 6)
    assert.ok(
      one.gone.some(({ guids }) => guids.includes(hidden)),
      'its window was read',
    )
    assert.deepEqual(
      one.losses.map(({ guid }) => guid),
      [lost],
    )
  })

test('a beginning of which some are still counted is no truncated table: those that are not are told each by itself', async t => {
  const one = await watchedSource(t, { days: 4, everyMin: 10 })
  const oldest = shownGuids(one, ago => ago > 3.97 * dayMs)
  const hidden = oldest.filter((_, i) => i % 5 === 2)
  const lost = oldest.filter(guid => !hidden.includes(guid))
  assert.ok(oldest.length >= 10 && hidden.length > 1)
  one.foundation.countOnly(hidden)
  one.foundation.delete(lost)
  await goesOn(one, 2)
  // What may be the clean-up's waits.
  await one.passCalmly(27 * hourMs, 5 * minuteMs)
  await goesOn(one, 2)
  assert.equal(one.poller.status().ledger?.gone, oldest.length, 'all were missed')
  assert.deepEqual(
    one.losses.map(({ kind, guid }) => `${kind} ${guid}`).toSorted(),
    lost.map(guid => `event-missing ${guid}`).toSorted(),
  )
})

test('many events of the middle are each told, in portions and with few requests', async t => {
  const one = await watchedSource(t, { days: 6, everyMin: 5 })
  const lost = shownGuids(one, ago => ago > dayMs && ago < 5 * dayMs)
  one.foundation.delete(lost)
  let most = { requests: 0, told: 0 }
  for (let i = 0; i < 7; i++) {
    const before = { requests: one.asked.requests, told: one.losses.length }
    await goesOn(one, 0)
    most = {
      requests: Math.max(most.requests, one.asked.requests - before.requests),
      told: Math.max(most.told, one.losses.length - before.told),
    }
  }
  assert.ok(most.requests < 120, `${most.requests} requests`)
  assert.ok(most.told <= 1_000, `${most.told} at once, in at most two looks`)
  assert.deepEqual(one.losses.map(({ guid }) => guid ?? '').toSorted(), lost.toSorted())
  assert.equal((await one.told()).length, lost.length)
})

const bob = { name: 'bob', password: 'pw-of-bob', guid: 'b0b', scopes: ['cloud_controller.read'] }

test('a space that is deleted, and its roles with it, is no loss once that is accepted; what goes later is', async t => {
  const one = await PolledFoundation.make(
    t,
    { pollIntervalMs: minuteMs },
    { tokenLifetimeSec: 300, users: [bob], memberships: { b0b: { spaces: ['s1', 's2'] } } },
    {
      clientId: 'cf',
      clientSecret: '',
      login: { kind: 'password', username: 'bob', password: bob.password },
    },
  )
  one.foundation.insert(
    Array.from({ length: 400 }, (_, i) => ({
      createdAtUs: one.agoUs((i + 0.5) * 8 * minuteMs),
      spaceGuid: `s${1 + (i % 2)}`,
    })),
  )
  await one.started()
  await one.passCalmly(90 * minuteMs)
  one.foundation.setMemberships('b0b', { spaces: ['s1'] })
  await one.passCalmly(30 * minuteMs)
  assert.notEqual(one.poller.status().rightsNarrowed, null)
  await one.stop()
  one.acceptRights = true
  await one.started()
  let lost: readonly string[] = []
  for (let i = 0; i < 30; i++) {
    const guids = one.foundation.insert([{ spaceGuid: 's1' }])
    if (i === 8) lost = guids
    if (i === 12) one.foundation.delete(lost)
    await one.passCalmly(6 * minuteMs)
    if (i === 20) {
      await one.stop()
      one.acceptRights = false
      await one.started()
    }
  }
  assert.deepEqual(
    one.losses.map(({ guid }) => guid),
    lost,
  )
})

test('when a truncated table has come back whole, one event of it that is deleted then is told', async t => {
  const one = await watchedSource(t, { days: 4, everyMin: 10 })
  const all = one.foundation.shown().map(({ guid }) => guid)
  one.foundation.truncate()
  await goesOn(one, 6)
  one.foundation.undelete(all)
  await goesOn(one, 6)
  assert.equal(one.poller.status().source?.returned, all.length)
  const [lost = ''] = shownGuids(one, ago => ago > 2 * dayMs && ago < 2.2 * dayMs)
  one.foundation.delete([lost])
  await goesOn(one, 6)
  await one.stop()
  await one.started()
  await goesOn(one, 3)
  assert.deepEqual(
    one.losses.map(({ kind, guid }) => [kind, guid]),
    [
      ['truncated', null],
      ['event-missing', lost],
    ],
  )
})

test('what has to wait, for it may be the clean-up, holds up nothing that need not', async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 2 })
  const some = (fromDays: number, toDays: number) =>
    shownGuids(one, ago => ago > fromDays * dayMs && ago < toDays * dayMs).filter((_, i) => i % 5 === 3)
  const waiting = some(2.1, 2.5)
  const lost = some(1.2, 1.5)
  assert.ok(waiting.length > 40 && lost.length > 40)
  one.foundation.delete([...waiting, ...lost])
  await goesOn(one, 16)
  assert.deepEqual(one.losses.map(({ guid }) => guid ?? '').toSorted(), lost.toSorted())
})

test('where roles cannot be asked for, a role that is lost is not told as a loss', async t => {
  const one = await PolledFoundation.make(
    t,
    { pollIntervalMs: minuteMs },
    { users: [bob], memberships: { b0b: { spaces: ['s1', 's2'] } } },
    {
      clientId: 'cf',
      clientSecret: '',
      login: { kind: 'password', username: 'bob', password: bob.password },
    },
  )
  one.asksNoRoles = true
  one.foundation.insert(
    Array.from({ length: 200 }, (_, i) => ({
      createdAtUs: one.agoUs((i + 0.5) * 8 * minuteMs),
      spaceGuid: `s${1 + (i % 2)}`,
    })),
  )
  await one.started()
  await one.passCalmly(90 * minuteMs)
  one.foundation.setMemberships('b0b', { spaces: ['s1'] })
  await goesOn(one, 6)
  assert.ok((one.poller.status().ledger?.gone ?? 0) > 0, 'the ledger says what it sees')
  assert.deepEqual(one.losses, [])
})
