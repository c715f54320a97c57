import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  loadRecordedCollections,
  type SimulatorOptions,
  startFoundation,
} from '@cf-audit-drain/foundation-simulator'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { BrokenAnswerError, NotPermittedError, UnreachableError } from './errors.ts'
import { taskLookups } from './task-lookups.ts'

const never = new AbortController().signal
const failed = '95dd50f0-cf60-47fa-80e4-ffcfca38b30c'
const running = 'a7c7d3b6-bbc9-4343-a104-25261334a433'
const unknown = '00000000-0000-4000-8000-000000000000'

async function recorded(t: TestContext, scope: string, requestTimeoutMs = 5_000) {
  const clients: SimulatorOptions['clients'] = [{ id: 'a', secret: 'b', scopes: [scope] }]
  const foundation = await startFoundation({ clients })
  loadRecordedCollections(foundation.collections)
  // As `task-failed` shows it; the list that was recorded later has no command.
  foundation.collections.add('tasks', [
    { ...taskOf(foundation.collections.all('tasks'), failed), command: 'x y' },
  ])
  const lookups = taskLookups(
    { name: 'prod', api: foundation.api, clientId: 'a', clientSecret: 'b', requestTimeoutMs },
    { clock: systemClock, random: seededRandom(1), env: {} },
  )
  t.after(async () => {
    await lookups.close()
    await foundation.close()
  })
  return { foundation, lookups }
}

function taskOf<T extends { readonly guid?: string }>(tasks: readonly T[], guid: string): T | undefined {
  return tasks.find(task => task.guid === guid)
}

test('the recorded tasks are found by guid, with how they ended, and without a command in the list', async t => {
  const { lookups } = await recorded(t, 'cloud_controller.admin_read_only')
  const tasks = await lookups.states([failed, running, unknown], never)
  assert.deepEqual(
    tasks.map(({ guid, state, failureReason, command }) => [guid, state, failureReason, command]),
    [
      [failed, 'FAILED', 'APP/TASK/t-1: Exited with status 6', null],
      [running, 'RUNNING', null, null],
    ],
  )
  assert.deepEqual(await lookups.task(failed, never), { ...taskOf(tasks, failed), command: 'x y' })
  assert.equal(await lookups.task(unknown, never), null)
})

test('a global auditor is shown the task and not its command', async t => {
  const { lookups } = await recorded(t, 'cloud_controller.global_auditor')
  const task = await lookups.task(failed, never)
  assert.deepEqual([task?.state, task?.command], ['FAILED', null])
})

test('a refusal, a path that is not there, a hang and a half answer are errors, and no task is gone for them', async t => {
  const { foundation, lookups } = await recorded(t, 'cloud_controller.global_auditor', 1_000)
  for (const [fault, kind] of [
    ['forbidden', NotPermittedError],
    ['hang-before-headers', UnreachableError],
    ['truncated-json', BrokenAnswerError],
    ['html-200', BrokenAnswerError],
  ] as const)
    for (const ask of [() => lookups.states([failed], never), () => lookups.task(failed, never)]) {
      foundation.faults.add({ fault, path: '/v3/tasks' })
      await assert.rejects(ask, kind, fault)
    }
})

test('more than 150 guids, and what is no guid, are refused before they are sent', async t => {
  const { lookups } = await recorded(t, 'cloud_controller.global_auditor')
  await assert.rejects(
    lookups.states(
      Array.from({ length: 151 }, () => unknown),
      never,
    ),
    RangeError,
  )
  await assert.rejects(lookups.states([], never), RangeError)
  await assert.rejects(lookups.task('a/b', never), RangeError)
})
