import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaStateError, LogDamagedError } from '@cf-audit-drain/log'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { alterWriter } from './testing/alter-writer.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

const minuteMs = 60_000
const dayMs = 24 * hourMs

/** `count` rows spread evenly over `overMs` before now. */
function history(one: PolledFoundation, count: number, overMs: number) {
  return Array.from({ length: count }, (_, i) => ({ createdAtUs: one.agoUs(overMs - (i * overMs) / count) }))
}

/** Without the requests for a count or for the oldest stamp, which show one row and are not readings. */
function pagesRead(one: PolledFoundation) {
  return one.foundation.shownPages().filter(({ request }) => !/[?&]per_page=1(&|$)/.test(request))
}

test('a first start takes everything Cloud Controller still has, oldest first, and the live tail', async t => {
  const one = await PolledFoundation.make(t)
  one.foundation.insert(history(one, 12_000, 20 * dayMs))
  await one.started()
  one.foundation.insert([{ type: 'audit.app.ssh-unauthorized' }])
  await one.pass(20_000)
  assert.deepEqual(await one.differences(), nothingWrong)
  const events = await one.events()
  assert.equal(events.filter(({ provenance }) => provenance === 'live').length, events.length - 11_998)
  const backfilled = events
    .filter(({ provenance }) => provenance === 'backfill')
    .map(({ createdAt }) => createdAt)
  assert.deepEqual(backfilled, backfilled.toSorted(), 'the backfill is in the order of time')
  assert.equal(events.at(-1)?.provenance, 'live')
})

test('three rows in one second, two of them visible later, are all taken', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  const createdAtUs = one.agoUs(500)
  const at = (ms: number) => ({ createdAtUs, visibleAtMs: one.clock.now() + ms })
  one.foundation.insert([at(0), at(15_000), at(70_000)])
  await one.pass(90_000)
  assert.equal(one.foundation.shown().length, 3)
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('rows that become visible up to four hours late are found by the sweeps, each once', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  one.foundation.insert(history(one, 300, 6 * hourMs))
  await one.started()
  const random = seededRandom(4)
  for (let i = 0; i < 40; i++)
    one.foundation.insert([{ visibleAtMs: one.clock.now() + Math.floor(random() ** 2 * 4 * hourMs) }])
  await one.pass(5.5 * hourMs)
  assert.equal(one.foundation.shown().length, 340)
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('a window closes when it has left the overlap and the guids held are those shown', async t => {
  const one = await PolledFoundation.make(t, { startFrom: 'now' })
  await one.started()
  one.foundation.insert([{}, {}, {}])
  assert.equal(one.compared.length, 0, 'nothing closes inside the overlap')
  await one.pass(8 * minuteMs)
  const closed = one.compared.filter(({ heldNotShown }) => heldNotShown.length === 0)
  assert.equal(
    closed.reduce((sum, { shown }) => sum + shown, 0),
    3,
  )
  for (const [i, window] of closed.entries())
    if (i > 0) assert.equal(window.fromSec, closed[i - 1]?.toSec, 'windows tile time')
  const { windows } = one.poller.status()
  assert.equal(windows.closed, closed.length)
  assert.ok(Date.parse(windows.completeUpTo ?? '') >= one.clock.now() - 7 * minuteMs)
})

test('a row that was deleted at the source is reported, and does not stop later windows', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  const [gone] = one.foundation.insert([{}, {}])
  await one.pass(20_000)
  one.foundation.delete([gone ?? ''])
  await one.pass(10 * minuteMs)
  const unequal = one.poller.status().windows.unequal
  assert.equal(unequal[0]?.heldNotShown, 1)
  assert.ok(
    one.compared.some(
      ({ fromSec, heldNotShown }) =>
        heldNotShown.length === 0 && fromSec * 1000 > Date.parse(unequal[0]?.window.split('/')[1] ?? ''),
    ),
  )
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('after an outage what was missed is caught up, as live events, and nothing doubles', async t => {
  const one = await PolledFoundation.make(t)
  one.foundation.insert(history(one, 50, dayMs))
  await one.started()
  await one.pass(minuteMs)
  await one.stop()
  for (let i = 0; i < 48; i++) {
    one.clock.advance(hourMs)
    one.foundation.insert(Array.from({ length: 200 }, (_, n) => ({ createdAtUs: one.agoUs(n * 17_000) })))
  }
  await one.started()
  assert.deepEqual(await one.differences(), nothingWrong)
  const live = (await one.events()).filter(({ provenance }) => provenance === 'live').length
  assert.equal(live, 48 * 200)
})

test('a busy tail of many pages is read once, counted after that, and closed whole', async t => {
  const one = await PolledFoundation.make(t, { startFrom: 'now' })
  await one.started()
  for (let i = 0; i < 40; i++) {
    one.foundation.insert(Array.from({ length: 1_000 }, (_, n) => ({ createdAtUs: one.agoUs(n * 9) })))
    one.foundation.insert([{ visibleAtMs: one.clock.now() + 45_000 }])
    await one.pass(10_000)
  }
  await one.pass(2 * minuteMs)
  assert.equal(one.foundation.shown().length, 40_040)
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.ok(one.compared.length > 0 && one.compared.every(({ heldNotShown }) => heldNotShown.length === 0))
})

test('more rows in one second than a page holds are all taken', async t => {
  const one = await PolledFoundation.make(t)
  const createdAtUs = one.agoUs(3 * hourMs)
  one.foundation.insert(Array.from({ length: 11_003 }, () => ({ createdAtUs })))
  one.foundation.insert([{ createdAtUs: createdAtUs + 1_000_000 }, { createdAtUs: createdAtUs - 1_000_000 }])
  await one.started()
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('the clean-up running during the backfill loses nothing that was shown', async t => {
  const one = await PolledFoundation.make(t)
  one.foundation.insert(history(one, 20_000, 30 * dayMs))
  one.foundation.faults.add({ fault: 'clean-up-between-pages', page: 1, count: 5, after: 4 })
  const before = new Set(one.foundation.shown().map(({ guid }) => guid))
  await one.started()
  const held = new Set(await one.guids())
  const read = new Set(pagesRead(one).flatMap(({ guids }) => guids))
  assert.deepEqual([...read.difference(held)], [], 'everything that was ever on a page we read is held')
  assert.deepEqual([...held.difference(before)], [], 'and nothing else')
  assert.ok(held.size < before.size, 'the clean-up did take rows away before they could be read')
})

test('a row that was late before an outage longer than any sweep looks back is still found', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  await one.pass(10 * minuteMs)
  one.foundation.insert([
    { createdAtUs: one.agoUs(6 * minuteMs), visibleAtMs: one.clock.now() + 14 * minuteMs },
    { createdAtUs: one.agoUs(0), visibleAtMs: one.clock.now() + 3.9 * hourMs },
  ])
  await one.pass(minuteMs)
  await one.stop()
  one.clock.advance(8 * hourMs)
  await one.started()
  assert.equal(one.foundation.shown().length, 2)
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('every window is swept once more when it is as old as the longest sweep looks back', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  await one.started()
  for (let i = 0; i < 80; i++) {
    one.foundation.insert([{ visibleAtMs: one.clock.now() + 4 * hourMs + 55 * minuteMs }])
    await one.pass(2 * minuteMs)
  }
  await one.pass(6.5 * hourMs)
  assert.equal(one.foundation.shown().length, 80)
  assert.deepEqual(await one.differences(), nothingWrong)
})

test('late rows are found also while one old window cannot be read', async t => {
  const one = await PolledFoundation.make(t)
  one.foundation.insert(history(one, 10, 20 * dayMs))
  one.foundation.faults.add({
    fault: 'error-500',
    path: '/v3/audit_events',
    after: 3,
    probability: 0.8,
    count: 100_000,
  })
  one.start().catch(() => undefined)
  await one.until(() => one.polls > 0)
  one.foundation.insert([{ visibleAtMs: one.clock.now() + 20 * minuteMs }])
  for (let i = 0; i < 400; i++) one.clock.advance(10_000)
  one.foundation.faults.clear()
  await one.until(
    async () => (await one.differences()).lost.length === 0 && one.foundation.shown().length === 11,
  )
})

test('a row deleted at the source is told of once, however often it is swept', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  await one.started()
  const [gone] = one.foundation.insert([{}, {}])
  await one.pass(120_000)
  one.foundation.delete([gone ?? ''])
  await one.pass(4 * hourMs)
  assert.equal(one.poller.status().windows.heldNotShown, 1)
  assert.equal(one.compared.flatMap(({ heldNotShown }) => heldNotShown).length, 1)
})

test('malformed rows that cannot be told apart hold nothing up', async t => {
  const one = await PolledFoundation.make(t)
  const createdAtUs = one.agoUs(dayMs)
  const text = `{"guid":null,"type":"x","created_at":"${new Date(createdAtUs / 1000).toISOString().slice(0, 19)}Z","data":{}}`
  one.foundation.insert([{ createdAtUs, text }, { createdAtUs, text }, { createdAtUs: createdAtUs + 5e6 }])
  await one.started()
  assert.equal((await one.guids()).length, 1)
  assert.equal((await one.log.deadLetters(5)).length, 1)
  await one.pass(10 * minuteMs)
  assert.deepEqual(one.poller.status().windows.unequal, [])
})

test('a window whose rows Cloud Controller counts and does not show neither closes nor is passed', async t => {
  const one = await PolledFoundation.make(t)
  one.foundation.insert([...history(one, 40, 3 * dayMs), { createdAtUs: one.agoUs(0) }])
  // What is counted and then gone, in every page for a while.
  one.foundation.faults.add({ fault: 'vanish-between-statements', count: 12, rows: 1 })
  one.start().catch(() => undefined)
  await one.until(() => one.polls > 2 && one.foundation.faults.left === 0)
  await one.until(() => one.poller.caughtUp())
  const read = new Set(pagesRead(one).flatMap(({ guids }) => guids))
  assert.deepEqual([...read.difference(new Set(await one.guids()))], [])
  assert.ok(
    one.missing.some(count => count > 0),
    'it was noticed',
  )
  const shorts = pagesRead(one).filter(({ guids, totalResults }) => guids.length < totalResults)
  assert.ok(shorts.length > 0)
})

test('a log that fails ends the session, not the poller: it is opened again and read from the checkpoint', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  let failing = true
  alterWriter(one.log, real => ({
    publish: (...args) => {
      if (failing && args[0].length > 0) return Promise.reject(new Error('no space left'))
      return real.publish(...args)
    },
  }))
  await one.stop()
  one.start().catch(() => undefined)
  one.foundation.insert([{}])
  await one.until(() => one.failures.filter(({ loop }) => loop === 'session').length >= 2)
  assert.match(one.failures.at(-1)?.error.message ?? '', /no space left/)
  failing = false
  await one.until(async () => (await one.differences()).lost.length === 0)
})

test('polls are jittered round their interval, one at a time', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  const { slept } = one
  slept.length = 0
  for (let i = 0; i < 20; i++) await one.pass(10_000)
  const waits = slept.filter(ms => ms > 8_000 && ms < 12_000)
  assert.ok(waits.length >= 20)
  assert.ok(waits.every(ms => ms >= 8_000 && ms <= 11_000))
  assert.ok(new Set(waits.map(Math.round)).size > 10, 'they differ')
})

test('a malformed event is buried with its reason, and the others of its page go on', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  const malformed = `{"guid":"bad-1","created_at":"2026-11-22T06:00:00Z","type":null,"data":{"request":{"parameters":{"pw":"hunter2-hunter2"}}}}`
  one.foundation.insert([{}, { text: malformed, createdAtUs: one.agoUs(0) }, {}])
  await one.pass(8 * minuteMs)
  assert.equal((await one.guids()).length, 2)
  assert.ok(
    one.compared.some(({ shown, heldNotShown }) => shown === 3 && heldNotShown.length === 0),
    'it counts as held',
  )
  assert.equal(one.poller.status().windows.heldNotShown, 0)
  const letters = await one.log.deadLetters(10)
  assert.equal(letters.length, 1)
  assert.match(letters[0]?.reason ?? '', /type/)
  assert.doesNotMatch(Buffer.from(letters[0]?.raw ?? []).toString(), /hunter2/)
})

test('a clock that jumps, here or there, loses nothing', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  const live = async (rounds: number) => {
    for (let i = 0; i < rounds; i++) {
      one.foundation.insert([{}])
      await one.pass(30_000)
    }
  }
  await live(4)
  one.clock.jump(hourMs)
  one.foundation.skewMs -= hourMs
  await live(30)
  one.clock.jump(-2 * hourMs)
  one.foundation.skewMs += 2 * hourMs
  await live(30)
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.ok(one.compared.length > 20)
})

test('--strict refuses a client that may not see everything, and says which scope is missing', async t => {
  const clients = [{ id: 'narrow', secret: 's', scopes: ['cloud_controller.read'] }]
  const one = await PolledFoundation.make(t, { strict: true }, { clients })
  await assert.rejects(one.start(), /global_auditor/)
})

test('a checkpoint that cannot be read stops the poller instead of starting from scratch', async t => {
  const one = await PolledFoundation.make(t)
  const writer = await one.log.writer('test')
  await writer.publish([], '{"version":99}')
  await writer.close()
  await assert.rejects(one.start(), /version 99/)
  assert.deepEqual(await one.guids(), [])
})

test('a log that is found damaged in mid-run stops the poller: trying again would hide it', async t => {
  const one = await PolledFoundation.make(t)
  await one.started()
  alterWriter(one.log, () => ({
    publish: () => Promise.reject(new LogDamagedError('log.db', 'a page makes no sense', 'Keep it')),
  }))
  await one.stop()
  one.foundation.insert([{}])
  await assert.rejects(one.start(), { name: 'LogDamagedError' })
})

test('a topic that goes wrong under a poller at work is told again and again, and ends no other foundation', async t => {
  const one = await PolledFoundation.make(t)
  let isGone = true
  const refuse = () => Promise.reject(new KafkaStateError('the topic was deleted'))
  alterWriter(one.log, real => ({
    publish: (...what) => (isGone ? refuse() : real.publish(...what)),
  }))
  await assert.rejects(one.start(), { name: 'KafkaStateError' }, 'at its start it is for the operator')
  isGone = false
  await one.started()
  isGone = true
  one.foundation.insert([{}])
  await one.until(() => one.poller.status().state === 'failing')
  assert.match(one.poller.status().lastError?.message ?? '', /the topic was deleted/)
  isGone = false
  await one.until(() => one.poller.status().state === 'running')
  assert.deepEqual(await one.differences(), nothingWrong)
})
