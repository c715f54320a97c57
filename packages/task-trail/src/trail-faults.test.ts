import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FaultRule } from '@cf-audit-drain/foundation-simulator'
import { FollowedFoundation, uuid } from './testing/followed-foundation.ts'
import { completedType, lostType } from './told-task.ts'

const always = (fault: FaultRule['fault'], more: Partial<FaultRule> = {}): FaultRule => ({
  fault,
  path: '/v3/tasks',
  count: 1_000_000,
  ...more,
})

test('after a kill another goes on following where the first was', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1, 2])
  await one.watch(30)
  one.publish()
  one.restart()
  assert.equal(one.trail.size, 2)
  one.foundation.tasks.end(uuid(1), one.clock.now(), 'SUCCEEDED')
  one.foundation.tasks.prune([uuid(2)])
  await one.watch(60)
  assert.deepEqual(one.told.map(({ type }) => type).sort(), [completedType, lostType])
  assert.equal(one.data(one.told.findIndex(({ type }) => type === lostType))['last_state'], 'RUNNING')
})

test('killed before it is durable it is told by the next, killed right after it is not told again', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1], { endsAfterMs: 1_000 })
  one.killNextTell = true
  await assert.rejects(one.watch(30), /killed/)
  one.restart()
  await one.watch(30)
  assert.equal(one.told.length, 1)
  one.restart()
  await one.watch(3_600)
  assert.equal(one.told.length, 1)
})

test('what is told while the command of another cannot be had is counted like everything that is told', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1, 2, 3], { endsAfterMs: 1_000 })
  one.foundation.faults.add(always('error-500', { path: `/v3/tasks/${uuid(2)}` }))
  await one.watch(300)
  assert.equal(one.told.length, 3)
  assert.deepEqual(
    one.said.filter(line => line.startsWith('completed')),
    one.told.map(() => 'completed SUCCEEDED'),
  )
})

test('what a later version kept, or damage left, is passed by', async t => {
  const one = await FollowedFoundation.make(t)
  for (const value of ['', '{', 'null', '{"v":2}', '{"v":1,"guid":"x"}']) one.kept.set(`task ${value}`, value)
  one.restart()
  assert.equal(one.trail.size, 0)
})

test('while rights are narrowed nothing is lost; when they are back it is', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1])
  await one.watch(30)
  one.foundation.tasks.prune([uuid(1)])
  one.mayClose = false
  await one.watch(3_600)
  assert.deepEqual([one.told.length, one.trail.size], [0, 1])
  one.mayClose = true
  await one.watch(1_200)
  assert.equal(one.told[0]?.type, lostType)
})

test('a client that is shown no task cannot know of a loss: said once, no event, and let go in the end', async t => {
  const one = await FollowedFoundation.make(t)
  one.seesEverything = false
  one.meets([1, 2].map(number => one.row('audit.app.task.create', number)))
  one.foundation.tasks.prune([uuid(1), uuid(2)])
  await one.watch(3_600)
  assert.deepEqual([one.told.length, one.said, one.trail.size], [0, ['hidden'], 2])
  one.clock.advance(33 * 86_400_000)
  await one.watch(60)
  one.publish()
  assert.deepEqual([one.told.length, one.trail.size, one.kept.size], [0, 0, 0])
})

test('a client with a role in a space knows what is gone there, and nothing of other spaces', async t => {
  const one = await FollowedFoundation.make(t)
  one.seesEverything = false
  one.creates([1], {}, { spaceGuid: uuid(800) })
  for (const [number, spaceGuid] of [
    [2, uuid(800)],
    [3, uuid(803)],
  ] as const)
    one.meets([one.row('audit.app.task.create', number, { spaceGuid })])
  one.foundation.tasks.prune([uuid(2), uuid(3)])
  await one.watch(120)
  assert.deepEqual(
    one.told.map(({ type }, at) => [type, one.data(at)['task_guid']]),
    [[lostType, uuid(2)]],
  )
})

test('a 403 is said once and asked again every ten minutes; then all is told', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1], { endsAfterMs: 1_000 })
  one.foundation.faults.add(always('forbidden'))
  await one.watch(3_600)
  assert.deepEqual([one.said, one.told.length], [['NotPermittedError 600000'], 0])
  assert.ok(one.asked <= 7, `${one.asked} requests in an hour`)
  one.foundation.faults.clear()
  await one.watch(620)
  assert.equal(one.told[0]?.type, completedType)
})

for (const fault of [
  'error-500',
  'html-200',
  'truncated-json',
  'rate-limited',
  'reset-before-headers',
] as const)
  test(`${fault}: rests between 5 s and 5 min, loses nothing and tells nothing wrong`, async t => {
    const one = await FollowedFoundation.make(t)
    one.creates([1])
    await one.watch(30)
    const before = one.asked
    one.foundation.faults.add(always(fault))
    await one.watch(1_800)
    assert.ok(one.asked - before <= 15, `${one.asked - before} requests in half an hour`)
    assert.deepEqual([one.told.length, one.trail.size], [0, 1])
    one.foundation.faults.clear()
    one.foundation.tasks.end(uuid(1), one.clock.now(), 'FAILED', 'out of memory')
    await one.watch(1_200)
    assert.deepEqual([one.told.length, one.data(0)['failure_reason']], [1, 'out of memory'])
  })

test('a request that hangs is given up after 15 s, and nothing is lost by it', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1], { endsAfterMs: 1_000 })
  one.foundation.faults.add({ fault: 'hang-before-headers', path: '/v3/tasks', durationMs: 60_000 })
  const startMs = one.clock.monotonic()
  await one.hanging()
  assert.ok(one.clock.monotonic() - startMs < 20_000)
  assert.equal(one.told.length, 0)
  await one.watch(60)
  assert.equal(one.told.length, 1)
})

test('a task whose command cannot be had goes without it after three tries, and says so', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1], { endsAfterMs: 1_000 })
  one.foundation.faults.add(always('error-500', { path: `/v3/tasks/${uuid(1)}` }))
  await one.watch(120)
  assert.deepEqual(
    [one.told.length, one.data(0)['state'], one.data(0)['command'], one.data(0)['command_missing']],
    [1, 'SUCCEEDED', null, 'unavailable'],
  )
})

test('nothing is asked while polling needs the rate limit', async t => {
  let heldMs = 60_000
  const one = await FollowedFoundation.make(t, {}, {}, { heldBackMs: () => heldMs })
  one.creates([1], { endsAfterMs: 1_000 })
  await one.watch(120)
  assert.equal(one.asked, 0)
  heldMs = 0
  await one.watch(10)
  assert.equal(one.told.length, 1)
})

for (const fault of ['error-500', 'forbidden'] as const)
  test(`${fault} for every single task: what became of 200 is told within the hour, and commands once they come`, async t => {
    const one = await FollowedFoundation.make(t)
    one.creates(
      Array.from({ length: 200 }, (_, i) => i + 1),
      { endsAfterMs: 1_000 },
    )
    one.foundation.faults.add(always(fault, { path: '/v3/tasks/' }))
    await one.watch(3_600)
    assert.deepEqual([one.told.length, one.trail.size], [200, 0])
    assert.ok(one.asked < 60, `${one.asked} requests`)
    one.foundation.faults.clear()
    one.creates([300], { endsAfterMs: 700_000 })
    await one.watch(1_800)
    assert.match(String(one.data(200)['command']), /^\[SCRUBBED/)
  })

test('where less is accepted to be seen, a task that was shown before is not called lost; one that was shown since is', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1], {}, { spaceGuid: uuid(803) })
  one.creates([2], {}, { spaceGuid: uuid(804) })
  await one.watch(120)
  one.clock.advance(60_000)
  one.acceptedSec = Math.floor(one.clock.now() / 1000)
  one.seesEverything = false
  one.publish()
  one.restart()
  one.foundation.tasks.prune([uuid(1)])
  await one.watch(600)
  one.foundation.tasks.prune([uuid(2)])
  await one.watch(1_800)
  assert.deepEqual(
    one.told.map(({ type }, at) => [type, one.data(at)['task_guid']]),
    [[lostType, uuid(2)]],
  )
})
