import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oldestShown } from './oldest-shown.ts'
import { sourceRetention } from './source-retention.ts'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'
import { dayMs, insertHistory } from './testing/watched-source.ts'

const daySec = 86_400
const hourSec = 3_600
const nowSec = 100 * daySec

const daysOf = ({ sec, by }: ReturnType<typeof sourceRetention>) => [sec / daySec, by]
const oldest = (days: number, watchedHours = 0) => ({
  sec: nowSec - days * daySec,
  sinceSec: nowSec - watchedHours * hourSec,
  seenSec: nowSec,
})

test('until the oldest event has stayed for a clean-up it is taken for what one has left', () => {
  const of = (days: number, watchedHours = 0) =>
    daysOf(sourceRetention({ seenSec: 31 * daySec, oldest: oldest(days, watchedHours), configuredSec: null }))
  assert.deepEqual(of(6.95), [7, 'oldest-event'], 'a clean-up after seven days comes within the hour')
  assert.deepEqual(of(7.3), [7, 'oldest-event'], 'it came this morning')
  assert.deepEqual(of(7.3, 25), [7, 'oldest-event'])
  assert.deepEqual(of(0.2), [1, 'oldest-event'], 'it keeps a day at least')
  assert.deepEqual(of(7.3, 27), [31, 'default'], 'a young history, of which nothing says how long it is kept')
  assert.deepEqual(of(31.4, 27), [31, 'oldest-event'])
})

test('what a clean-up took and what the operator says come before the age of the oldest event; the shorter one counts', () => {
  const of = (seenDays: number, configuredDays: number | null) =>
    daysOf(
      sourceRetention({
        seenSec: seenDays * daySec,
        oldest: oldest(5),
        configuredSec: configuredDays === null ? null : configuredDays * daySec,
      }),
    )
  assert.deepEqual(of(7, null), [7, 'clean-up'])
  assert.deepEqual(of(31, 14), [14, 'configuration'])
  assert.deepEqual(of(7, 14), [7, 'clean-up'])
  assert.deepEqual(of(14, 7), [7, 'configuration'])
  assert.deepEqual(of(31, 60), [60, 'configuration'])
  assert.deepEqual(daysOf(sourceRetention({ seenSec: 31 * daySec, configuredSec: null })), [31, 'default'])
})

test('it is the same event until that is gone, and what comes to be shown before it takes nothing away', () => {
  const first = oldestShown(undefined, 1_000, 5_000)
  assert.deepEqual(first, { sec: 1_000, sinceSec: 5_000, seenSec: 5_000 })
  assert.deepEqual(oldestShown(first, 1_000, 6_000), { ...first, seenSec: 6_000 })
  assert.deepEqual(oldestShown(first, 900, 6_000), { sec: 900, sinceSec: 5_000, seenSec: 6_000 })
  assert.deepEqual(oldestShown(first, 1_001, 6_000), { sec: 1_001, sinceSec: 6_000, seenSec: 6_000 })
  assert.deepEqual(oldestShown(first, null, 6_000), first, 'nothing is shown')
})

const hoursLeft = (one: PolledFoundation) => (one.poller.status().deadline?.leftSec ?? 0) / hourSec

test('a backfill that stands still is told how soon a foundation that keeps seven days deletes', async t => {
  const rateLimit = { generalLimit: 20 }
  const one = await PolledFoundation.make(t, {}, { retentionDays: 7, rateLimit })
  insertHistory(one, { days: 6.95, everyMin: 10 })
  one.start().catch(() => undefined)
  await one.until(() => one.poller.status().checkpoint !== null)
  assert.ok(hoursLeft(one) > 1 && hoursLeft(one) < 1.5, `${hoursLeft(one)} h`)
  assert.equal(one.poller.status().retention?.by, 'oldest-event')
})

test('a young history is not for ever said to be deleted soon; its watch goes on over a restart', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  insertHistory(one, { days: 5.3, everyMin: 60 })
  const [hidden] = one.foundation.insert([{ createdAtUs: one.agoUs(5 * dayMs) }])
  one.foundation.countOnly([hidden ?? ''])
  await one.started()
  await one.verifiedAgain()
  const { deadline, retention } = one.poller.status()
  assert.deepEqual([retention?.by, deadline?.leftSec], ['oldest-event', 0])
  await one.pass(14 * hourMs, hourMs)
  await one.stop()
  await one.started()
  await one.pass(13 * hourMs, hourMs)
  await one.verifiedAgain()
  assert.equal(one.poller.status().retention?.by, 'default')
  assert.ok(hoursLeft(one) > 24 * 24, `${hoursLeft(one)} h`)
})

test('what the operator says is taken', async t => {
  const one = await PolledFoundation.make(t, { retentionSec: 6 * daySec })
  insertHistory(one, { days: 5.3, everyMin: 60 })
  const [hidden] = one.foundation.insert([{ createdAtUs: one.agoUs(5 * dayMs) }])
  one.foundation.countOnly([hidden ?? ''])
  await one.started()
  await one.until(() => one.poller.status().deadline !== null)
  assert.equal(one.poller.status().retention?.by, 'configuration')
  assert.ok(hoursLeft(one) > 23 && hoursLeft(one) < 25, `${hoursLeft(one)} h`)
})
