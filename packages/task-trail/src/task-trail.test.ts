import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownGuid } from '@cf-audit-drain/event'
import { FollowedFoundation, scrubber, uuid } from './testing/followed-foundation.ts'
import { completedType, lostType } from './told-task.ts'

const iso = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`
const fingerprintOf = (command: string) =>
  (JSON.parse(scrubber.scrub('x', JSON.stringify({ command })).text) as { command: string }).command

test('who ran what on which app, that it failed, how, and how long it took, is told once', async t => {
  const one = await FollowedFoundation.make(t)
  const startMs = one.clock.now()
  const failureReason = 'APP/TASK/job-1: Exited with status 6'
  one.creates([1], { endsAfterMs: 42_000, state: 'FAILED', failureReason })
  await one.watch(40)
  assert.equal(one.told.length, 0)
  await one.watch(60)
  assert.equal(one.told.length, 1)
  const [event] = one.told
  assert.equal(event?.guid, ownGuid('test', completedType, uuid(1)))
  assert.equal(event.createdAt, iso(startMs + 42_000), 'stamped with the end of the task')
  assert.deepEqual(event.target, { guid: uuid(900), type: 'app', name: 'billing' })
  assert.deepEqual([event.spaceGuid, event.organizationGuid], [uuid(800), uuid(801)])
  assert.deepEqual(one.data(0), {
    task_guid: uuid(1),
    task_name: 'job-1',
    create_event_guid: uuid(100_001),
    created_by: { guid: uuid(700), type: 'user', name: 'bob@example.com' },
    state: 'FAILED',
    failure_reason: failureReason,
    created_at: iso(startMs),
    ended_at: iso(startMs + 42_000),
    duration_seconds: 42,
    command: fingerprintOf('bin/job --number=1 --password=hunter2'),
  })
  await one.watch(3_600)
  assert.deepEqual([one.told.length, one.trail.size, one.kept.size], [1, 0, 0])
  assert.deepEqual(one.said, ['completed FAILED'])
})

test('with `clear` the command is told without the secrets in it; with `off` nothing of it, and it is not asked for', async t => {
  const clear = await FollowedFoundation.make(t, { command: 'clear' })
  clear.creates([1], { endsAfterMs: 1_000 })
  await clear.watch(30)
  const { command, command_line } = clear.data(0)
  assert.equal(command, fingerprintOf('bin/job --number=1 --password=hunter2'))
  assert.match(String(command_line), /^bin\/job --number=1 --password=\[SCRUBBED hmac-sha256:[0-9a-f]{16}\]$/)
  const off = await FollowedFoundation.make(t, { command: 'off' })
  off.creates([1], { endsAfterMs: 1_000 })
  await off.watch(30)
  assert.deepEqual(
    Object.keys(off.data(0)).filter(key => key.startsWith('command')),
    [],
  )
  assert.equal(off.foundation.requests.byPath.get(`/v3/tasks/${uuid(1)}`), undefined)
})

test('nothing that is kept holds a command, nor a secret of it', async t => {
  for (const command of ['fingerprint', 'clear'] as const) {
    const one = await FollowedFoundation.make(t, { command })
    one.creates([1])
    await one.watch(60)
    one.publish()
    const kept = [...one.kept.values()].join()
    assert.match(kept, /SCRUBBED/)
    assert.doesNotMatch(kept, /hunter2/)
    if (command === 'fingerprint') assert.doesNotMatch(kept, /bin\/job/)
  }
})

test('kept under `fingerprint`, a command is asked for again when it is to be told in clear, and hidden when it is not', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1])
  await one.watch(60)
  one.publish()
  one.restart({ command: 'clear' })
  await one.watch(10)
  one.publish()
  assert.match([...one.kept.values()].join(), /bin\/job/)
  one.restart({ command: 'fingerprint' })
  one.foundation.tasks.end(uuid(1), one.clock.now(), 'SUCCEEDED')
  await one.watch(60)
  assert.equal(one.told.length, 1)
  assert.doesNotMatch(one.told[0]?.data ?? '', /bin\/job/)
})

test('a client that is shown no command asks for one in a space, says so once, and the events say why they have none', async t => {
  const clients = [{ id: 'a', secret: 'b', scopes: ['cloud_controller.global_auditor'] }]
  const one = await FollowedFoundation.make(t, {}, { clients })
  one.creates([1, 2, 3], { endsAfterMs: 1_000 })
  await one.watch(30)
  assert.deepEqual(
    [0, 1, 2].map(at => [one.data(at)['command'], one.data(at)['command_missing']]),
    Array.from({ length: 3 }, () => [null, 'hidden']),
  )
  assert.equal(one.said.filter(said => said === 'commands hidden').length, 1)
  assert.equal(one.asked, 2, 'one list, one task')
})

test('a client that is shown commands in some spaces asks in each; one that is shown none in three asks in no other', async t => {
  const space = (number: number) => ({ spaceGuid: uuid(810 + number) })
  const clients = [{ id: 'a', secret: 'b', scopes: ['cloud_controller.global_auditor'] }]
  const auditor = await FollowedFoundation.make(t, {}, { clients })
  for (const number of [1, 2, 3, 4, 5]) auditor.creates([number], { endsAfterMs: 1_000 }, space(number))
  await auditor.watch(30)
  assert.deepEqual([auditor.told.length, auditor.asked], [5, 4], 'one list, three tasks')
  const one = await FollowedFoundation.make(t)
  one.creates([1], { endsAfterMs: 1_000 }, space(1))
  one.foundation.collections.add('tasks', [
    { guid: uuid(2), state: 'SUCCEEDED', created_at: '2026-11-22T06:00:00Z' },
  ])
  one.meets([one.row('audit.app.task.create', 2, space(2))])
  one.creates([3], { endsAfterMs: 5_000 }, space(2))
  one.creates([4], { endsAfterMs: 5_000 }, space(1))
  await one.watch(60)
  const missing = new Map(
    one.told.map((_, at) => [one.data(at)['task_name'], one.data(at)['command_missing']]),
  )
  assert.deepEqual(
    [missing.get('job-1'), missing.get('job-2'), missing.get('job-4')],
    [undefined, 'hidden', undefined],
  )
})

test('a task that is pruned before it was seen to end is lost: since when, and how it was last', async t => {
  const one = await FollowedFoundation.make(t)
  const startMs = one.clock.now()
  one.creates([1, 2])
  await one.watch(60)
  one.foundation.tasks.prune([uuid(1)])
  await one.watch(120)
  assert.deepEqual(
    one.told.map(({ type, guid }) => [type, guid]),
    [[lostType, ownGuid('test', lostType, uuid(1))]],
  )
  const { last_seen_at, missing_since, last_state, command, create_event_guid } = one.data(0)
  assert.deepEqual([last_state, create_event_guid], ['RUNNING', uuid(100_001)])
  assert.match(String(command), /SCRUBBED/, 'it was asked for while it could be')
  assert.ok(Date.parse(String(last_seen_at)) <= startMs + 60_000)
  assert.ok(Date.parse(String(missing_since)) > startMs + 60_000)
  assert.deepEqual([one.said, one.trail.size], [['lost'], 1])
})

test('a task that its create event did not name is lost under the name it was shown with, after a restart too', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1], {}, { data: { task_guid: uuid(1), request: {} } })
  await one.watch(30)
  one.publish()
  one.restart()
  one.foundation.tasks.prune([uuid(1)])
  await one.watch(120)
  assert.deepEqual(
    one.told.map(({ type }, at) => [type, one.data(at)['task_name']]),
    [[lostType, 'job-1']],
  )
})

test('a secret in the name of a task that was shown is not kept', async t => {
  const one = await FollowedFoundation.make(t)
  one.reads = task => ({ ...task, name: 'run --password=hunter2' })
  one.creates([1], {}, { data: { task_guid: uuid(1), request: {} } })
  await one.watch(30)
  one.publish()
  const kept = [...one.kept.values()].join()
  assert.match(kept, /run --password=\[SCRUBBED/)
  assert.doesNotMatch(kept, /hunter2/)
})

test('gone before anybody asked: lost, never seen, and its command with it', async t => {
  const one = await FollowedFoundation.make(t)
  one.meets([one.row('audit.app.task.create', 5)])
  one.foundation.tasks.prune([uuid(5)])
  await one.watch(60)
  assert.equal(one.told.length, 0, 'a replica may lag')
  await one.watch(15)
  assert.equal(one.told[0]?.type, lostType)
  const { last_state, last_seen_at, command, command_missing } = one.data(0)
  assert.deepEqual([last_state, last_seen_at, command, command_missing], [null, null, null, 'gone'])
})

test('a new task that a lagging replica does not show for half a minute is not lost', async t => {
  const one = await FollowedFoundation.make(t)
  one.meets([one.row('audit.app.task.create', 5)])
  one.foundation.tasks.prune([uuid(5)])
  await one.watch(30)
  one.shows(5, { endsAfterMs: 90_000 })
  await one.watch(180)
  assert.deepEqual(
    one.told.map(({ type }) => type),
    [completedType],
  )
})

test('who cancelled it is told with how it ended, and it is looked at at once', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates([1])
  await one.watch(3_600)
  const carol = { guid: uuid(701), type: 'user', name: 'carol@example.com' }
  one.foundation.tasks.end(uuid(1), one.clock.now(), 'FAILED', 'task was cancelled')
  one.meets([one.row('audit.app.task.cancel', 1, { actor: carol })])
  await one.after(1)
  const { canceled_by, cancel_event_guid, created_by } = one.data(0)
  assert.deepEqual([canceled_by, cancel_event_guid], [carol, uuid(200_001)])
  assert.equal((created_by as { name: string }).name, 'bob@example.com')
})

test('the older a task, the rarer it is looked at, and 150 take one request', async t => {
  const one = await FollowedFoundation.make(t, { command: 'off' })
  one.creates(Array.from({ length: 150 }, (_, number) => number))
  await one.watch(60)
  const firstMinute = one.asked
  await one.watch(7_200)
  const before = one.asked
  await one.watch(3_600)
  assert.ok(firstMinute <= 7, `${firstMinute} in the first minute`)
  assert.ok(one.asked - before <= 8, `${one.asked - before} in an hour`)
  assert.equal(one.trail.size, 150)
})

test('every one of 400 tasks that ended is told once, also when their commands take more than one step', async t => {
  const one = await FollowedFoundation.make(t)
  one.creates(
    Array.from({ length: 400 }, (_, number) => number),
    { endsAfterMs: 1_000 },
  )
  await one.watch(180)
  assert.equal(one.told.length, 400)
  assert.equal(new Set(one.told.map(({ guid }) => guid)).size, 400)
  for (const [at] of one.told.entries()) assert.match(String(one.data(at)['command']), /SCRUBBED/)
  const lists = one.foundation.requests.byPath.get('/v3/tasks') ?? 0
  assert.ok(lists <= 5, `${lists} lists`)
})

test('more tasks than are followed at once are said to be not followed, and cost nothing', async t => {
  const one = await FollowedFoundation.make(t, { followedMax: 2 })
  one.creates([1, 2, 3, 4])
  assert.deepEqual([one.trail.size, one.said], [2, ['not followed', 'not followed']])
})

test('an event that names no task that can be asked for is passed by', async t => {
  const one = await FollowedFoundation.make(t)
  for (const [at, data] of ['{}', 'null', '{"task_guid":7}', '{"task_guid":"a,b"}', '[]'].entries())
    one.meets([one.row('audit.app.task.create', at, { data })])
  one.meets([one.row('audit.app.update', 9)])
  assert.equal(one.trail.size, 0)
})
