import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: once less is accepted, what was proven with wider rights stays as it was proven, nothing is called gone that is only hidden, and what is
 * shown late is found all the same. Method: two days of two spaces, of which one is seen in the end.
 */
const minuteMs = 60_000
const old = (one: PolledFoundation, hours: number, spaceGuid: string) =>
  one.foundation.insert([{ spaceGuid, createdAtUs: one.agoUs(hours * hourMs) }])

async function acceptedLess(t: Parameters<typeof PolledFoundation.make>[0]) {
  const one = await PolledFoundation.make(
    t,
    { pollIntervalMs: minuteMs },
    { tokenLifetimeSec: 300, memberships: { 'cf-audit-drain': { spaces: ['s1'] } } },
  )
  for (let hours = 1; hours < 48; hours++) {
    for (const space of ['s1', 's1', 's2', 's2', 's2']) old(one, hours, space)
  }
  const [hidden = ''] = old(one, 41.5, 's2')
  const [goneFrom1 = '', goneFrom2 = ''] = [...old(one, 30, 's1'), ...old(one, 31.5, 's2')]
  await one.started()
  await one.pass(20 * minuteMs)
  one.foundation.delete([goneFrom1, goneFrom2])
  await one.verifiedAgain(2)
  assert.equal(one.poller.status().ledger?.gone, 2)
  await one.stop()
  const proven = await Array.fromAsync(one.log.ledger({}))
  one.foundation.setScopes('cf-audit-drain', ['cloud_controller.read'])
  one.acceptRights = true
  await one.started()
  await one.verifiedAgain(6)
  return { one, proven, hidden, goneBefore: [goneFrom1, goneFrom2] }
}

test('what a narrower identity no longer sees of older windows is not gone, and what was gone stays so', async t => {
  const { one, proven, goneBefore } = await acceptedLess(t)
  const { ledger, windows } = one.poller.status()
  assert.deepEqual([ledger?.gone, ledger?.missing, ledger?.windows.short], [2, 0, 2])
  assert.equal(windows.heldNotShown, 0)
  assert.deepEqual(one.gone.flatMap(({ guids }) => guids).toSorted(), goneBefore.toSorted())
  const now = new Map((await Array.fromAsync(one.log.ledger({}))).map(window => [window.fromSec, window]))
  for (const { fromSec, state, held, digest, gone } of proven.filter(({ state }) => state !== 'open')) {
    const window = now.get(fromSec)
    assert.deepEqual(
      {
        state: window?.state === 're-checked' ? state : window?.state,
        held: window?.held,
        digest: window?.digest,
      },
      { state, held, digest },
    )
    assert.equal(window?.gone, gone)
  }
  const { requests } = one.asked
  await one.verifiedAgain(1)
  const asked = one.asked.requests - requests
  assert.ok(asked < 60, `once it was compared it is one count again: ${asked} requests`)
  await one.stop()
  one.acceptRights = false
  await one.started()
  await one.verifiedAgain(3)
  assert.equal(one.poller.status().ledger?.gone, 2, 'nor after a restart')
})

test('what is shown late is found in windows of before less was accepted, and deletions are told of those after it', async t => {
  const { one } = await acceptedLess(t)
  const [late = ''] = old(one, 26.2, 's1')
  await one.verifiedAgain(2)
  assert.ok((await one.guids()).includes(late))
  assert.equal(one.poller.status().ledger?.gone, 2)
  assert.equal(one.poller.status().ledger?.missing, 0)
  await one.pass(10 * minuteMs)
  const [young = ''] = one.foundation.insert([{ spaceGuid: 's1' }])
  await one.pass(20 * minuteMs)
  assert.ok((await one.guids()).includes(young))
  one.foundation.delete([young])
  await one.verifiedAgain(3)
  assert.equal(one.poller.status().ledger?.gone, 3)
  assert.ok(one.gone.some(({ guids }) => guids.includes(young)))
})

test('a row that is counted and not shown of before is told to be missing, though others are hidden, and is found when it is shown', async t => {
  const { one } = await acceptedLess(t)
  const dayAgoSec = one.agoUs(26.5 * hourMs) / 1e6
  const window = (await Array.fromAsync(one.log.ledger({}))).find(
    ({ fromSec, held, gone }) => fromSec > dayAgoSec && held === 5 && gone === 0,
  )
  assert.ok(window && window.counted === 2, 'three are hidden')
  const guid = '00000000-0000-4000-8000-000000000001'
  one.foundation.countOnly([guid])
  one.foundation.insert([{ guid, spaceGuid: 's1', createdAtUs: (window.fromSec + 10) * 1e6 }])
  await one.verifiedAgain(3)
  const { ledger } = one.poller.status()
  assert.equal(ledger?.windows.short, 3, 'two of which some are gone, and this one')
  assert.equal(ledger?.missing, 1, 'what CFAuditLedgerShort rings for')
  assert.deepEqual(
    one.short.map(({ fromSec }) => fromSec),
    [window.fromSec],
  )
  assert.ok((ledger?.completeUpToSec ?? 0) <= window.fromSec)
  one.foundation.countOnly([])
  await one.verifiedAgain(2)
  assert.ok((await one.guids()).includes(guid))
  assert.deepEqual([one.poller.status().ledger?.windows.short, one.poller.status().ledger?.missing], [2, 0])
  assert.deepEqual(
    one.whole.map(({ fromSec }) => fromSec),
    [window.fromSec],
  )
})

test('a session that sees everything again finds what was deleted meanwhile, and what was only hidden is there', async t => {
  const { one, hidden } = await acceptedLess(t)
  one.foundation.delete([hidden])
  await one.verifiedAgain(2)
  assert.equal(one.poller.status().ledger?.gone, 2)
  one.foundation.setScopes('cf-audit-drain', ['cloud_controller.global_auditor'])
  one.acceptRights = false
  await one.stop()
  await one.started()
  await one.verifiedAgain(8)
  const { ledger, checkpoint } = one.poller.status()
  assert.equal(checkpoint?.acceptedSec, undefined)
  assert.deepEqual([ledger?.gone, ledger?.missing], [3, 0])
  assert.ok(one.gone.some(({ guids }) => guids.includes(hidden)))
})

test('a start that is to accept, and sees nothing at first, does not call gone what it does not see afterwards', async t => {
  const one = await PolledFoundation.make(
    t,
    { pollIntervalMs: minuteMs },
    { tokenLifetimeSec: 300, memberships: { 'cf-audit-drain': { spaces: ['s1'] } } },
  )
  for (let hours = 1; hours < 24; hours++) for (const space of ['s1', 's2', 's2']) old(one, hours, space)
  await one.started()
  await one.pass(100 * minuteMs)
  await one.stop()
  one.foundation.setScopes('cf-audit-drain', ['cloud_controller.read'])
  one.foundation.faults.add({ fault: 'forbidden', count: 3 })
  one.acceptRights = true
  const { polls } = one
  one.start().catch(() => undefined)
  await one.until(() => one.failures.length > 0)
  await one.until(() => {
    one.clock.advance(10_000)
    return one.polls > polls
  })
  await one.passCalmly(90 * minuteMs)
  assert.equal(one.poller.status().rightsNarrowed, null)
  assert.deepEqual([one.poller.status().ledger?.gone, one.gone, one.losses], [0, [], []])
})
