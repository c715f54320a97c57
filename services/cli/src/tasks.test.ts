import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import {
  type Foundation,
  type SimulatorOptions,
  startFoundation,
  type TaskCourse,
} from '@cf-audit-drain/foundation-simulator'
import { reasonToSkipKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { until } from './command-for-tests.ts'
import { eventually, Lab, logOnKafka, uuid } from './lab-for-tests.ts'

const bob = { guid: uuid(700), type: 'user', name: 'bob@example.com' }
const app = { guid: uuid(900), type: 'app', name: 'billing' }

async function foundationFor(t: TestContext, more: SimulatorOptions = {}): Promise<Foundation> {
  const clients = [{ id: 'a', secret: 'b', scopes: ['cloud_controller.admin_read_only'] }]
  const foundation = await startFoundation({ clients, ...more })
  t.after(() => foundation.close())
  return foundation
}

/** A task that runs for ever unless its course says otherwise, and the event that created it. */
function makeTask(foundation: Foundation, number: number, course: Partial<TaskCourse> = {}): void {
  const guid = uuid(number)
  foundation.tasks.add({
    guid,
    appGuid: app.guid,
    spaceGuid: uuid(800),
    name: `job-${number}`,
    command: 'rake db:migrate PASSWORD=hunter2',
    createdAtMs: systemClock.now(),
    course: {
      runsAfterMs: 0,
      endsAfterMs: Number.POSITIVE_INFINITY,
      state: 'SUCCEEDED',
      failureReason: null,
      ...course,
    },
  })
  const data = { task_guid: guid, request: { name: `job-${number}`, command: '[PRIVATE DATA HIDDEN]' } }
  foundation.insert([
    { type: 'audit.app.task.create', guid: uuid(100_000 + number), actor: bob, target: app, data },
  ])
}

const own = 'cf-audit-drain.*'
const created = 'audit.app.task.create'
const labOf = (
  t: TestContext,
  foundation: Foundation,
  log: object = {},
  tasks: object = { command: 'clear' },
) => new Lab(t, foundation, log, { tasks })

async function survivesKills(t: TestContext, log: object): Promise<void> {
  const foundation = await foundationFor(t)
  const one = labOf(t, foundation, log)
  const failureReason = 'APP/TASK/job-1: Exited with status 6'
  makeTask(foundation, 1, { endsAfterMs: 2_000, state: 'FAILED', failureReason })
  for (const number of [2, 3]) makeTask(foundation, number)
  const first = one.start()
  const [failed] = await one.eventsOnce(1, own)
  assert.deepEqual([failed?.type, failed?.names?.app], ['cf-audit-drain.task.completed', 'billing'])
  const { command, command_line, created_at, ended_at, ...data } = failed?.data ?? {}
  assert.deepEqual(data, {
    task_guid: uuid(1),
    task_name: 'job-1',
    create_event_guid: uuid(100_001),
    created_by: bob,
    state: 'FAILED',
    failure_reason: failureReason,
    duration_seconds: 2,
  })
  assert.match(String(command), /^\[SCRUBBED hmac-sha256:[0-9a-f]{16}\]$/)
  assert.match(String(command_line), /^rake db:migrate PASSWORD=\[SCRUBBED/)
  await first.kill()

  foundation.tasks.end(uuid(2), systemClock.now(), 'SUCCEEDED')
  foundation.tasks.prune([uuid(3)])
  const second = one.start()
  await one.eventsOnce(3, own)
  const { tasks } = await second.status()
  assert.deepEqual([tasks.completed, tasks.lost, tasks.lastError], [1, 1, null])
  assert.match(
    await second.get('/metrics'),
    /cf_audit_tasks_completed_total\{foundation="lab",state="SUCCEEDED"\} 1/,
  )
  await second.kill()

  const third = one.start()
  makeTask(foundation, 4, { endsAfterMs: 1_000 })
  const all = await one.eventsOnce(4, own)
  await third.kill()
  const of = (type: string) =>
    all.filter(event => event.type === `cf-audit-drain.task.${type}`).map(event => event.data['task_guid'])
  assert.deepEqual([of('completed').sort(), of('lost')], [[uuid(1), uuid(2), uuid(4)], [uuid(3)]])
  assert.equal(new Set(all.map(({ guid }) => guid)).size, 4)
  assert.equal((await one.events(created)).length, 4)
  assert.match(await one.ledger(), /"short":0/)
}

/** Each has a foundation and a log of its own, and waits most of the time. */
describe('tasks', { concurrency: 3 }, () => {
  test(
    'followed through kills, on disk: each task is told of once, whatever happened meanwhile',
    { timeout: 180_000 },
    t => survivesKills(t, {}),
  )

  test(
    'followed through kills, on Kafka: each task is told of once',
    {
      skip: reasonToSkipKafka(),
      timeout: 240_000,
    },
    async t => survivesKills(t, await logOnKafka(t, 'tasks')),
  )

  test('/v3/tasks that hangs for a minute delays no event', { timeout: 120_000 }, async t => {
    const foundation = await foundationFor(t)
    const one = labOf(t, foundation)
    foundation.faults.add({
      fault: 'hang-before-headers',
      path: '/v3/tasks',
      durationMs: 60_000,
      count: 1_000,
    })
    makeTask(foundation, 1, { endsAfterMs: 1 })
    const running = one.start()
    await until(() => (foundation.requests.byPath.get('/v3/tasks') ?? 0) > 0)
    for (let round = 0; round < 5; round++) {
      const startedMs = systemClock.monotonic()
      makeTask(foundation, 10 + round)
      await one.eventsOnce(2 + round, created)
      const tookMs = systemClock.monotonic() - startedMs
      assert.ok(tookMs < 30_000, `an event took ${Math.round(tookMs)} ms`)
    }
    assert.equal((await one.events(own)).length, 0)
    const { lastPoll, state } = await running.status()
    assert.equal(state, 'running')
    assert.ok(systemClock.now() - Date.parse(lastPoll.at) < 30_000)
    await running.kill()
  })

  test('a task that is gone while the rights are narrowed is told as lost once they are back, and not before', {
    timeout: 180_000,
  }, async t => {
    const foundation = await foundationFor(t, { tokenLifetimeSec: 4 })
    const one = labOf(t, foundation)
    makeTask(foundation, 1)
    const running = one.start()
    const asked = () => foundation.requests.byPath.get('/v3/tasks') ?? 0
    // One that was seen is asked for again sooner than one that never was.
    await eventually(async () => asked() >= 1 && (await running.status()).tasks?.following === 1)
    foundation.setScopes('a', ['cloud_controller.read'])
    await eventually(async () => (await running.status()).rightsNarrowed !== null)
    foundation.tasks.prune([uuid(1)])
    const before = asked()
    await eventually(async () => asked() >= before + 2)
    assert.deepEqual(await one.events(own), [])
    foundation.setScopes('a', ['cloud_controller.admin_read_only'])
    const [lost] = await one.eventsOnce(1, own)
    assert.equal(lost?.type, 'cf-audit-drain.task.lost')
    await running.kill()
  })

  test('switched off nothing is asked and nothing told', { timeout: 60_000 }, async t => {
    const foundation = await foundationFor(t)
    const one = labOf(t, foundation, {}, { follow: false })
    makeTask(foundation, 1, { endsAfterMs: 1 })
    const running = one.start()
    await one.eventsOnce(1, created)
    assert.equal((await running.status()).tasks, null)
    assert.equal(foundation.requests.byPath.get('/v3/tasks'), undefined)
    await running.kill()
  })
})
