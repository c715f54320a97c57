import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownGuid } from '@cf-audit-drain/event'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { nothingWrong } from './testing/polled-foundation.ts'
import { dayMs, goesOn, minuteMs, shownGuids, watchedSource } from './testing/watched-source.ts'

test('an event that was deleted at its source is told once, with what it was, and not again after a restart', async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  const [lost = ''] = one.foundation.insert([
    {
      type: 'audit.app.ssh-authorized',
      target: { guid: 'app-1', type: 'app', name: 'billing' },
      actor: { guid: 'u-1', type: 'user', name: 'mallory@example.com' },
      spaceGuid: 's-1',
      organizationGuid: 'o-1',
    },
  ])
  await goesOn(one, 3)
  one.foundation.delete([lost])
  await goesOn(one)
  const [told, ...more] = await one.told()
  assert.deepEqual(more, [])
  assert.equal(told?.type, 'cf-audit-drain.source.event-missing')
  assert.equal(told.guid, ownGuid('test', told.type, lost))
  assert.deepEqual(told.target, {
    guid: lost,
    type: 'audit_event',
    name: `audit.app.ssh-authorized ${lost}`,
  })
  assert.deepEqual([told.spaceGuid, told.organizationGuid], ['s-1', 'o-1'])
  const data = JSON.parse(told.data)
  assert.deepEqual(
    [data.lost.guid, data.lost.type, data.lost.actor.name, data.lost.target.name],
    [lost, 'audit.app.ssh-authorized', 'mallory@example.com', 'billing'],
  )
  assert.match(data.lost.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.deepEqual(
    one.losses.map(({ kind, guid }) => [kind, guid]),
    [['event-missing', lost]],
  )
  await one.stop()
  await one.started()
  await goesOn(one)
  assert.equal((await one.told()).length, 1)
  const { source } = one.poller.status()
  assert.deepEqual([source?.suspected, source?.told['event-missing'].events], [0, 1])
  assert.deepEqual(await ledgerFaults(one.log), [])
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('events deleted here and there, of days ago and of just now, are told each once', async t => {
  const one = await watchedSource(t, { days: 5, everyMin: 7 })
  const old = shownGuids(one, ago => ago > 2 * dayMs && ago < 4 * dayMs).filter((_, i) => i % 40 === 3)
  const [recent = ''] = one.foundation.insert([{}])
  await goesOn(one, 2)
  one.foundation.delete([...old, recent])
  await goesOn(one, 8)
  const told = await one.told()
  assert.deepEqual(told.map(({ target }) => target?.guid).toSorted(), [...old, recent].toSorted())
  assert.ok(told.every(({ type }) => type === 'cf-audit-drain.source.event-missing'))
})

test('a truncated table is one event, which says from when to when and how many', async t => {
  const one = await watchedSource(t, { days: 5, everyMin: 7 })
  const all = one.foundation.shown()
  one.foundation.truncate()
  await goesOn(one, 6)
  const [told, ...more] = await one.told()
  assert.deepEqual(
    more.map(({ type, target }) => [type, target?.name]),
    [],
  )
  assert.equal(told?.type, 'cf-audit-drain.source.truncated')
  const data = JSON.parse(told.data)
  assert.equal(data.count, all.length)
  const stamps = all.map(({ createdAtUs }) => Math.floor(createdAtUs / 1e6)).sort((a, b) => a - b)
  assert.deepEqual(
    [Date.parse(data.from) / 1000, Date.parse(data.to) / 1000, data.counted_now],
    [stamps[0], stamps.at(-1), 0],
  )
  assert.deepEqual(
    one.losses.map(({ kind, count }) => [kind, count]),
    [['truncated', all.length]],
  )
  await one.stop()
  await one.started()
  await goesOn(one)
  assert.equal((await one.told()).length, 1)
})

test('a table cut off before some moment is one event, though days of it are left', async t => {
  const one = await watchedSource(t, { days: 6, everyMin: 7 })
  const old = shownGuids(one, ago => ago > 3.4 * dayMs)
  one.foundation.delete(old)
  await goesOn(one, 6)
  const told = await one.told()
  assert.deepEqual(
    told.map(({ type, data }) => [type, JSON.parse(data).count]),
    [['cf-audit-drain.source.truncated', old.length]],
  )
})

test('a database restored from a backup is one event; that events come back is said', async t => {
  const one = await watchedSource(t, { days: 4, everyMin: 7 })
  const backupMs = one.clock.now()
  const busy = async (times: number) => {
    for (let i = 0; i < times; i++) {
      one.foundation.insert([{}, {}, {}, {}])
      await one.passCalmly(3 * minuteMs)
    }
  }
  await busy(30)
  const lost = shownGuids(one, () => true).filter(
    guid => (one.foundation.shown().find(row => row.guid === guid)?.firstVisibleAtMs ?? 0) > backupMs,
  )
  one.foundation.restore(backupMs)
  await busy(12)
  await goesOn(one, 3)
  const told = await one.told()
  assert.deepEqual(
    told.map(({ type, data }) => [type, JSON.parse(data).count]),
    [['cf-audit-drain.source.restored', lost.length]],
  )
  const data = JSON.parse(told[0]?.data ?? '')
  assert.ok(Date.parse(data.from) >= backupMs - minuteMs)
  assert.equal(data.first_lost.type, 'audit.app.update')
  assert.ok(data.first_there_after.created_at > data.to)
  one.foundation.undelete(lost)
  await goesOn(one, 4)
  assert.equal(
    one.returned.reduce((sum, { count }) => sum + count, 0),
    lost.length,
  )
  assert.equal((await one.told()).length, 1)
  assert.equal(one.poller.status().source?.returned, lost.length)
  assert.equal(one.poller.status().ledger?.gone, 0)
})

test('an event that comes back is said, and told no second time when it goes again', async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  const [lost = ''] = shownGuids(one, ago => ago > 2 * dayMs && ago < 2.2 * dayMs)
  one.foundation.delete([lost])
  await goesOn(one, 4)
  assert.equal((await one.told()).length, 1)
  one.foundation.undelete([lost])
  await goesOn(one, 2)
  assert.deepEqual(
    one.returned.map(({ guid }) => guid),
    [lost],
  )
  assert.equal(one.poller.status().source?.returned, 1)
  one.foundation.delete([lost])
  await goesOn(one, 4)
  assert.equal((await one.told()).length, 1)
  assert.equal(one.poller.status().source?.returned, 0)
})
