import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeptRecords } from './kept-records.ts'
import { dayMs, goesOn, minuteMs, shownGuids, watchedSource } from './testing/watched-source.ts'
import { eventRecord, type LossKind, lastToldRecord, ToldLosses } from './told-losses.ts'

test('when a loss was last told is known a day later, though the clean-up has reached what was lost within hours', async t => {
  const one = await watchedSource(t, { days: 30.9, everyMin: 20 })
  const [lost = ''] = shownGuids(one, ago => ago > 30.6 * dayMs && ago < 30.7 * dayMs)
  one.foundation.delete([lost])
  await goesOn(one, 4)
  const last = one.poller.status().source?.told['event-missing'].last
  assert.deepEqual([one.losses.map(({ guid }) => guid), typeof last], [[lost], 'string'])
  await one.passCalmly(0.45 * dayMs, 5 * minuteMs)
  one.foundation.runCleanUp()
  await goesOn(one, 4)
  const now = one.poller.status().source?.told['event-missing']
  assert.deepEqual(now, { events: 0, last })
  await one.stop()
  await one.started()
  await goesOn(one, 1)
  assert.deepEqual(one.poller.status().source?.told['event-missing'], { events: 0, last })
  assert.equal((await one.told()).length, 1)
})

test('what an earlier version has told is not forgotten with the time that it was of', () => {
  const kept = new KeptRecords()
  kept.apply([eventRecord('g', { sec: 100, atMs: 7_000 })])
  const told = new ToldLosses(kept)
  const last = (kind: LossKind) => told.lastMs(kind)
  assert.deepEqual([last('event-missing'), last('truncated')], [7_000, null])
  kept.apply(told.expired(50))
  kept.apply(told.expired(101))
  assert.deepEqual([[...told.events()], last('event-missing'), last('truncated')], [[], 7_000, null])
  kept.apply([lastToldRecord('event-missing', 9_000), lastToldRecord('truncated', 9_001)])
  assert.deepEqual([last('event-missing'), last('truncated'), last('restored')], [9_000, 9_001, null])
})
