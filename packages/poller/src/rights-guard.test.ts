import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: windows are neither closed nor verified by an identity that sees less than before, and nothing is lost by it.
 * Method: a foundation whose scopes, roles and UAA change under a poller at work.
 */
const minuteMs = 60_000
const global = ['cloud_controller.global_auditor']
const narrow = ['cloud_controller.read']
const tokenLifetimeSec = 300
const bob = { name: 'bob', password: 'pw-of-bob', guid: 'b0b', scopes: narrow }

const asClient = (t: TestContext, options = {}) =>
  PolledFoundation.make(t, options, {
    tokenLifetimeSec,
    memberships: { 'cf-audit-drain': { spaces: ['s1'] } },
  })

const asBob = (t: TestContext, options = {}) =>
  PolledFoundation.make(
    t,
    options,
    { tokenLifetimeSec, users: [bob], memberships: { b0b: { spaces: ['s1', 's2'] } } },
    {
      clientId: 'cf',
      clientSecret: '',
      login: { kind: 'password', username: 'bob', password: bob.password },
    },
  )

/** A minute in which somebody does something in every space and outside of them. */
async function minutes(one: PolledFoundation, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    one.foundation.insert([{ spaceGuid: 's1' }, { spaceGuid: 's2' }, {}])
    await one.pass(minuteMs)
  }
}

const windows = (one: PolledFoundation) => one.poller.status().windows

test('scopes narrowed in mid-run close no window and prove none false; given back, everything is there', async t => {
  const one = await asClient(t)
  await one.started()
  await minutes(one, 8)
  const before = windows(one)
  assert.ok(before.closed > 0)

  one.foundation.setScopes('cf-audit-drain', narrow)
  await one.until(
    () =>
      (one.narrowed.at(-1) !== undefined && one.narrowed.at(-1) !== null) ||
      one.pass(minuteMs).then(() => false),
  )
  const shutAt = windows(one)
  await minutes(one, 90)
  const shut = windows(one)
  assert.deepEqual([shut.completeUpTo, shut.closed], [shutAt.completeUpTo, shutAt.closed])
  assert.equal(shut.heldNotShown, 0, 'what the narrower token does not show is not called gone')
  assert.ok(one.verified.some(({ isCompared }) => isCompared))
  assert.equal(one.verified.at(-1)?.isCompared, false, 'nor does anything say that the ledger was compared')
  assert.equal(one.poller.caughtUp(), false)
  const { rightsNarrowed } = one.poller.status()
  assert.match(
    rightsNarrowed?.sentence ?? '',
    /client "cf-audit-drain" sees less than before: .*cloud_controller\.read/,
  )
  assert.ok((await one.differences()).lost.length > 100, 'the narrower token does miss events')

  one.foundation.setScopes('cf-audit-drain', global)
  await one.pass(2 * minuteMs)
  await one.until(() => one.poller.caughtUp())
  await one.pass(8 * minuteMs)
  assert.equal(one.poller.status().rightsNarrowed, null)
  assert.equal(one.narrowed.at(-1), null)
  assert.deepEqual(await one.differences(), nothingWrong)
  const after = windows(one)
  assert.equal(after.heldNotShown, 0)
  assert.ok(Date.parse(after.completeUpTo ?? '') > Date.parse(shut.completeUpTo ?? '') + hourMs)
  assert.deepEqual(one.failures, [])
})

test('a restart in between does not make the narrower rights the measure, unless --accept-rights says so', async t => {
  const one = await asClient(t)
  await one.started()
  await minutes(one, 8)
  await one.stop()
  one.foundation.setScopes('cf-audit-drain', narrow)
  one.start().catch(() => undefined)
  await one.until(() => one.poller.status().rightsNarrowed !== null && windows(one).completeUpTo !== null)
  const shut = windows(one)
  await minutes(one, 10)
  assert.equal(windows(one).completeUpTo, shut.completeUpTo)
  await one.stop()

  one.acceptRights = true
  one.start().catch(() => undefined)
  await minutes(one, 10)
  assert.equal(one.poller.status().rightsNarrowed, null)
  assert.ok(Date.parse(windows(one).completeUpTo ?? '') > Date.parse(shut.completeUpTo ?? ''))
  await one.stop()

  one.acceptRights = false
  one.start().catch(() => undefined)
  await minutes(one, 2)
  assert.equal(one.poller.status().rightsNarrowed, null, 'what was accepted is durable')
})

test('a role that is taken away closes no window that it could have shown; given back, everything is there', async t => {
  const one = await asBob(t)
  await one.started()
  await minutes(one, 8)
  const before = windows(one)
  assert.ok(before.closed > 0)
  one.foundation.setMemberships('b0b', { spaces: ['s1'] })
  const takenSec = one.clock.now() / 1000
  await minutes(one, 30)
  const shut = windows(one)
  assert.ok(Date.parse(shut.completeUpTo ?? '') / 1000 <= takenSec)
  assert.equal(shut.heldNotShown, 0)
  assert.match(
    one.poller.status().rightsNarrowed?.sentence ?? '',
    /events of 1 of its 2 spaces and organizations are not shown any more \(space_auditor s2\)/,
  )

  one.foundation.setMemberships('b0b', { spaces: ['s1', 's2'] })
  await one.pass(2 * minuteMs)
  await one.until(() => one.poller.caughtUp())
  const held = new Set(await one.guids())
  const bobs = one.foundation
    .shown()
    .filter(({ guid }) => /"space":\{/.test(one.foundation.text(guid) ?? ''))
    .map(({ guid }) => guid)
  assert.equal(bobs.length, 2 * 38)
  assert.deepEqual(
    bobs.filter(guid => !held.has(guid)),
    [],
  )
})

test('a role more is taken as the new measure', async t => {
  const one = await asBob(t)
  await one.started()
  await minutes(one, 3)
  one.foundation.setMemberships('b0b', { spaces: ['s1', 's2', 's3'] })
  await minutes(one, 3)
  assert.equal(one.poller.status().rights?.roles?.length, 3)
  await one.stop()
  one.foundation.setMemberships('b0b', { spaces: ['s1', 's2'] })
  one.start().catch(() => undefined)
  await one.until(() => one.poller.status().rightsNarrowed !== null)
  assert.match(one.poller.status().rightsNarrowed?.sentence ?? '', /1 of its 3 spaces/)
})

test('UAA down for ten minutes: nothing is lost, and the poller goes on by itself', async t => {
  const one = await asClient(t)
  await one.started()
  await minutes(one, 3)
  let isBack = false
  const away = one.foundation.uaaAway(10 * minuteMs).then(() => {
    isBack = true
  })
  const polls = one.polls
  one.foundation.insert([{}, {}])
  await one.until(() => {
    if (!isBack) one.clock.advance(2_000)
    return isBack
  })
  await away
  assert.ok(one.polls > polls, 'the token in hand was used while it was good')
  assert.ok(one.failures.some(({ error }) => /UAA at/.test(error.message)))
  one.foundation.insert([{}])
  const after = one.polls
  await one.until(() => {
    one.clock.advance(5_000)
    return one.polls > after + 2
  })
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.equal(one.poller.status().rightsNarrowed, null)
  assert.equal(one.poller.status().state, 'running')
})

test('401 with a JSON body in mid-run, and tokens that are all revoked at once, are not even seen', async t => {
  const one = await asClient(t)
  one.foundation.insert(
    Array.from({ length: 12_000 }, (_, i) => ({ createdAtUs: one.agoUs(5 * hourMs - i * 1_000) })),
  )
  // One after the other: two of them may meet one request, and then UAA is asked whether it belongs to this foundation.
  one.foundation.faults.add({ fault: 'unauthorized', after: 1 })
  await one.started()
  await minutes(one, 1)
  for (const fault of ['unauthorized', 'tokens-revoked', 'tokens-revoked'] as const) {
    assert.equal(one.foundation.faults.left, 0)
    one.foundation.faults.add({ fault, after: 1 })
    await minutes(one, 1)
  }
  assert.equal(one.foundation.faults.left, 0)
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.deepEqual(one.failures, [])
})

test('with more than 100 roles one more is the new measure, also after a restart, and one less closes nothing', async t => {
  const spaces = Array.from({ length: 150 }, (_, i) => `s${i + 1}`)
  const one = await asBob(t)
  one.foundation.setMemberships('b0b', { spaces })
  await one.started()
  await minutes(one, 3)
  one.foundation.setMemberships('b0b', { spaces: [...spaces, 'one-more'] })
  await minutes(one, 3)
  assert.equal(one.poller.status().rightsNarrowed, null)
  await one.stop()
  one.start().catch(() => undefined)
  await minutes(one, 3)
  assert.equal(one.poller.status().rightsNarrowed, null)
  await one.stop()
  one.foundation.setMemberships('b0b', { spaces })
  one.start().catch(() => undefined)
  await one.until(() => one.poller.status().rightsNarrowed !== null)
  assert.match(one.poller.status().rightsNarrowed?.sentence ?? '', /1 of its 151 spaces/)
})
