import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missedLateSec, wholesaleKind } from './loss-judgement.ts'
import { pollerDefaults } from './options.ts'
import { PolledFoundation } from './testing/polled-foundation.ts'
import { insertHistory, minuteMs } from './testing/watched-source.ts'

const { overlapMs } = pollerDefaults

test('how late a loss is missed is decided by the tail where the ledger is compared more often than it passes', () => {
  const late = (verifyIntervalMs: number) =>
    missedLateSec({ verifyIntervalMs, overlapMs, pollIntervalMs: 10_000 })
  assert.deepEqual([late(30_000), late(300_000)], [670, 1_080])
})

test('what was held before anything can have been lost, and is newer, would not have survived a restore', () => {
  const intervals = { verifyIntervalMs: 30_000, overlapMs, pollIntervalMs: 10_000 }
  const stretch = { isLost: false, window: undefined as never, count: 1, events: null }
  const held = (receivedAtMs: number) => ({ guid: 'g', createdAtSec: 0, receivedAtMs, bytes: null })
  const judged = {
    run: { stretches: [], count: 20, before: stretch, after: stretch },
    last: held(0),
    missedMs: 1_000_000,
    missedSec: 1_000,
    nowMs: 1_000_000,
    historyFromSec: 0,
    retentionSec: 31 * 86_400,
    intervals,
  }
  assert.equal(wholesaleKind(judged, held(329_000)), null)
  assert.equal(wholesaleKind(judged, held(331_000)), 'restored')
})

test('a database set back by three minutes is one event, also where the ledger is compared every 30 seconds', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 10_000, verifyIntervalMs: 30_000 })
  insertHistory(one, { days: 1, everyMin: 30 })
  await one.started()
  const busy = async (minutes: number) => {
    for (let i = 0; i < minutes * 6; i++) {
      one.foundation.insert([{}])
      await one.passCalmly(10_000)
    }
  }
  await busy(9)
  const { removed } = one.foundation.restore(one.clock.now() - 3 * minuteMs)
  for (let minutes = 0; (await one.told()).length === 0 && minutes < 20; minutes++) await busy(1)
  await busy(3)
  assert.deepEqual(
    (await one.told()).map(({ type, data }) => [type, JSON.parse(data).count]),
    [['cf-audit-drain.source.restored', removed]],
  )
})
