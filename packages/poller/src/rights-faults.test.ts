import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { FaultName } from '@cf-audit-drain/foundation-simulator'
import { nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: what goes wrong while the rights are looked at delays the closing of windows, and neither the events nor the
 * finding that the rights are less.
 * Method: a foundation whose /v3/roles and tokens fail under a poller at work.
 */
const minuteMs = 60_000
const bob = { name: 'bob', password: 'pw-of-bob', guid: 'b0b', scopes: ['cloud_controller.read'] }

const asBob = (t: TestContext) =>
  PolledFoundation.make(
    t,
    {},
    { users: [bob], memberships: { b0b: { spaces: ['s1'] } } },
    {
      clientId: 'cf',
      clientSecret: '',
      login: { kind: 'password', username: 'bob', password: bob.password },
    },
  )

async function minutes(one: PolledFoundation, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    one.foundation.insert([{ spaceGuid: 's1' }])
    await one.pass(minuteMs)
  }
}

const windows = (one: PolledFoundation) => one.poller.status().windows
const rolesFail = (one: PolledFoundation, fault: FaultName) =>
  one.foundation.faults.add({ fault, path: '/v3/roles', count: 1_000_000 })

for (const fault of ['error-500', 'html-200', 'forbidden', 'hang-before-headers'] as const)
  test(`while /v3/roles answers with ${fault}, events are polled and no window closes`, async t => {
    const one = await asBob(t)
    await one.started()
    await minutes(one, 8)
    const before = windows(one)
    assert.ok(before.closed > 0)

    rolesFail(one, fault)
    await minutes(one, fault === 'hang-before-headers' ? 3 : 12)
    const shut = windows(one)
    assert.equal(shut.closed, before.closed)
    assert.deepEqual(await one.differences(), nothingWrong)
    assert.deepEqual(
      one.failures.filter(({ loop }) => loop !== 'rights'),
      [],
    )
    assert.equal(one.poller.status().rightsNarrowed, null)

    one.foundation.faults.clear()
    await minutes(one, 4)
    assert.ok(windows(one).closed > shut.closed)
    assert.ok(one.poller.caughtUp())
  })

test('a start while /v3/roles fails delivers what there is, and closes windows once it answers', async t => {
  const one = await asBob(t)
  rolesFail(one, 'error-500')
  one.foundation.insert([{ spaceGuid: 's1', createdAtUs: one.agoUs(3 * 3_600_000) }, { spaceGuid: 's1' }])
  one.start().catch(() => undefined)
  await one.until(() => one.polls > 0)
  await minutes(one, 8)
  assert.equal(windows(one).closed, 0)
  assert.deepEqual(await one.differences(), nothingWrong)
  one.foundation.faults.clear()
  await minutes(one, 3)
  await one.until(() => one.poller.caughtUp())
  assert.ok(windows(one).closed > 0)
})

const asClient = (t: TestContext) =>
  PolledFoundation.make(
    t,
    {},
    { tokenLifetimeSec: 300, memberships: { 'cf-audit-drain': { spaces: ['s1'] } } },
  )
const narrowed = (one: PolledFoundation) => one.until(() => one.poller.status().rightsNarrowed !== null)
const gap = (one: PolledFoundation, count: number, spaceGuid = 's1') =>
  one.foundation.insert(
    Array.from({ length: count }, (_, i) => ({ spaceGuid, createdAtUs: one.agoUs(3_000_000 + i * 1_000) })),
  )

test('after a gap a narrowed token reads what it still sees of it, once, and passes nothing', async t => {
  const one = await asClient(t)
  await one.started()
  await minutes(one, 8)
  const before = windows(one)
  await one.stop()
  one.clock.advance(2 * 3_600_000)
  const missed = gap(one, 300)
  const unseen = gap(one, 20, 's9')
  one.foundation.setScopes('cf-audit-drain', ['cloud_controller.read'])
  one.start().catch(() => undefined)
  await narrowed(one)
  const heldAll = async (guids: readonly string[]) => new Set(guids).isSubsetOf(new Set(await one.guids()))
  await one.until(() => heldAll(missed))
  const after = windows(one)
  assert.deepEqual([after.completeUpTo, after.closed], [before.completeUpTo, before.closed])
  assert.ok(after.unread.length > 0)
  assert.equal(await heldAll(unseen), false)

  await one.pass(2 * minuteMs)
  const { rows } = { ...one.asked }
  await one.pass(2 * minuteMs)
  assert.ok(one.asked.rows - rows < 200, `the gap is not read again and again: ${one.asked.rows - rows} rows`)

  one.foundation.setScopes('cf-audit-drain', ['cloud_controller.global_auditor'])
  await one.pass(2 * minuteMs)
  await one.until(() => one.poller.caughtUp())
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('while narrowed, sweeps find the rows that become visible late, and close nothing by them', async t => {
  const one = await asClient(t)
  await one.started()
  await minutes(one, 8)
  one.foundation.setScopes('cf-audit-drain', ['cloud_controller.read'])
  await one.until(() => one.poller.status().rightsNarrowed !== null || one.pass(minuteMs).then(() => false))
  const before = windows(one)
  const late = [
    ...gap(one, 1),
    ...one.foundation.insert([{ spaceGuid: 's1', createdAtUs: one.agoUs(2 * 3_600_000) }]),
  ]
  await one.until(async () => {
    await one.pass(5 * minuteMs)
    const held = new Set(await one.guids())
    return late.every(guid => held.has(guid))
  }, 60_000)
  assert.deepEqual([windows(one).completeUpTo, windows(one).closed], [before.completeUpTo, before.closed])
})
