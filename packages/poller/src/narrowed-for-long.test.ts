import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: however long nothing is settled, memory is bounded, and nothing is lost or doubled by it. Method: rights that are
 * narrowed for two days, and come back.
 */
const minuteMs = 60_000
const global = ['cloud_controller.global_auditor']
const perHour = 60

test('rights that are narrowed for two days leave no more guids in memory than those of some hours', async t => {
  const one = await PolledFoundation.make(
    t,
    { pollIntervalMs: 10 * minuteMs, verifyIntervalMs: hourMs },
    { tokenLifetimeSec: 300, memberships: { 'cf-audit-drain': { spaces: ['s1'] } } },
  )
  const hours = async (count: number) => {
    for (let i = 0; i < count * 6; i++) {
      one.foundation.insert(
        Array.from({ length: perHour / 6 }, (_, n) => ({
          spaceGuid: n < 8 ? 's1' : 's2',
          createdAtUs: one.agoUs(n * minuteMs),
        })),
      )
      await one.pass(10 * minuteMs)
    }
  }
  await one.started()
  await hours(3)
  one.foundation.setScopes('cf-audit-drain', ['cloud_controller.read'])
  const { settledSec = 0 } = one.poller.status().checkpoint ?? {}
  const most: number[] = []
  for (let i = 0; i < 16; i++) {
    await hours(3)
    most.push(one.poller.status().seenGuids)
  }
  assert.ok(one.poller.status().rightsNarrowed !== null)
  assert.ok((one.poller.status().checkpoint?.settledSec ?? 0) < settledSec + 3_600 * 2)
  assert.ok(Math.max(...most) < 10 * perHour, `guids in memory: ${most.join(' ')}`)
  await one.stop()
  // Of a time that is settled by the first sweep, and no longer in memory.
  const late = one.foundation.insert([{ spaceGuid: 's1', createdAtUs: (settledSec + 60) * 1e6 }])
  one.foundation.setScopes('cf-audit-drain', global)
  await one.started(60_000)
  assert.ok(one.poller.status().seenGuids < 12 * perHour, `${one.poller.status().seenGuids} guids`)
  const isSettled = () => (one.poller.status().checkpoint?.settledSec ?? 0) > settledSec + 40 * 3_600
  await one.until(() => isSettled() || one.pass(10 * minuteMs).then(() => false), 60_000)
  assert.ok((await one.guids()).includes(late[0] ?? ''))
  assert.deepEqual(await one.differences(), nothingWrong)
  await one.pass(hourMs)
  assert.deepEqual(await ledgerFaults(one.log), [])
})
