import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FollowedFoundation, scrubber, uuid } from './testing/followed-foundation.ts'
import { completedType, lostType } from './told-task.ts'

test('members of other forms than Cloud Controller documents are passed by, and the end of the task is told', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1, 2])
  one.foundation.tasks.end(uuid(1), one.clock.now(), 'FAILED')
  one.foundation.tasks.distort(uuid(1), {
    name: { first: 'job' },
    created_at: 17,
    updated_at: '9999-99-99T99:99:99Z',
    result: ['failure_reason'],
    command: null,
  })
  await one.watch(60)
  assert.deepEqual([one.told.length, one.trail.size], [1, 1])
  const { task_name, state, failure_reason } = one.data(0)
  assert.deepEqual([task_name, state, failure_reason], ['job-1', 'FAILED', null])
})

test('a fault of our own in reading an answer is said and tried again, and told is what was to be told', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1], { endsAfterMs: 1_000 })
  one.foundation.tasks.distort(uuid(1), { name: 'odd' })
  one.reads = task => {
    if (task.name === 'odd') throw new TypeError('a bug that an odd answer meets')
    return task
  }
  await one.watch(600)
  assert.deepEqual([one.told.length, one.trail.size], [0, 1])
  assert.deepEqual(one.said.slice(0, 3), ['TypeError 5000', 'TypeError 10000', 'TypeError 20000'])
  assert.ok(one.asked <= 10, `${one.asked} requests in ten minutes`)
  one.foundation.tasks.distort(uuid(1), {})
  await one.watch(320)
  assert.equal(one.told[0]?.type, completedType)
})

test('one task that cannot be told of holds up no other, and is tried again', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1, 2, 3], { endsAfterMs: 1_000 })
  let isOdd = true
  one.reads = task => {
    if (task.guid !== uuid(1)) return task
    return {
      ...task,
      get failureReason(): null {
        if (isOdd) throw new TypeError('a bug')
        return null
      },
    }
  }
  await one.watch(60)
  assert.deepEqual([one.told.length, one.trail.size, one.said.at(0)], [2, 1, 'TypeError 600000'])
  isOdd = false
  await one.watch(620)
  assert.deepEqual([one.told.length, one.trail.size], [3, 0])
})

test('a command that cannot be scrubbed is never told: the task goes without it after three tries', async t => {
  const scrub = () => {
    throw new TypeError('a bug in the scrubber')
  }
  const one = await FollowedFoundation.make(t, {}, {}, { scrubber: { ...scrubber, scrub } })
  one.creates([1], { endsAfterMs: 1_000 })
  await one.watch(120)
  assert.deepEqual(one.said, ['TypeError 5000', 'TypeError 10000', 'TypeError 20000', 'completed SUCCEEDED'])
  assert.deepEqual([one.data(0)['command'], one.data(0)['command_missing']], [null, 'unavailable'])
})

test('what was kept under a guid that nobody can ask for is passed by, and the others are followed', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1])
  const [value = ''] = one.kept.values()
  for (const guid of ['a,b', 'ä', '../x', ''])
    one.kept.set(`task ${guid}`, JSON.stringify({ ...JSON.parse(value), guid }))
  one.kept.set(`task ${uuid(2)}`, JSON.stringify({ ...JSON.parse(value), guid: uuid(2), app: null }))
  one.restart()
  assert.equal(one.trail.size, 1)
  one.foundation.tasks.prune([uuid(1)])
  await one.watch(120)
  assert.equal(one.told[0]?.type, lostType)
})

test('what ends the session is still said by the log alone: it is not tried again', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1], { endsAfterMs: 1_000 })
  one.killNextTell = true
  await assert.rejects(one.watch(30), /killed/)
  assert.deepEqual(one.said, [])
})
