import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeEvent } from './describe.ts'
import { eventAboutTask } from './testing/event-about-task.ts'

const told = (type: string, data: string) => eventAboutTask(`cf-audit-drain.task.${type}`, data)

const bob = { guid: 'u1', type: 'user', name: 'bob@example.com' }

test('the sentence about a task says who ran what, on which app, whether it finished and how', () => {
  const data = { task_name: 'migrate', created_by: bob, state: 'FAILED', duration_seconds: 42 }
  assert.equal(
    describeEvent(told('completed', JSON.stringify({ ...data, failure_reason: 'Exited with status 6' }))),
    'task migrate of app billing, created by bob@example.com, FAILED after 42 s: Exited with status 6',
  )
  assert.equal(
    describeEvent(
      told(
        'completed',
        JSON.stringify({ ...data, state: 'SUCCEEDED', failure_reason: null, created_by: null }),
      ),
    ),
    'task migrate of app billing, created by somebody, SUCCEEDED after 42 s',
  )
  const lost = { task_name: null, task_guid: 't1', created_by: { ...bob, name: '' } }
  assert.equal(
    describeEvent(told('lost', JSON.stringify({ ...lost, last_state: null }))),
    'task t1 of app billing, created by u1, is gone before it was seen to end, and never seen',
  )
  assert.equal(
    describeEvent(
      told('lost', JSON.stringify({ ...lost, last_state: 'RUNNING', last_seen_at: '2026-11-22T03:00:00Z' })),
    ),
    'task t1 of app billing, created by u1, is gone before it was seen to end, last seen 2026-11-22T03:00:00Z as RUNNING',
  )
})

test('what people wrote into it can neither begin a line nor make it long, and data of any form is described', () => {
  const failure_reason = `a\nCEF:0|forged\u202e${'x'.repeat(5_000)}`
  const sentence = describeEvent(told('completed', JSON.stringify({ failure_reason, state: 'FAILED' })))
  assert.doesNotMatch(sentence, /[\n\u202e]/)
  assert.ok(sentence.length <= 512)
  for (const data of ['', 'null', '[]', '7', '{"created_by":7,"duration_seconds":"1"}'])
    assert.match(describeEvent(told('completed', data)), /^task\s.*of app billing/)
})
