import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogue, eventType } from './catalogue.ts'
import { outcomeOf } from './outcome-of.ts'
import { eventAboutTask } from './testing/event-about-task.ts'

const outcome = (type: string, data: string) => outcomeOf(eventAboutTask(type, data), eventType(type))

test('the end of a task is a success or a failure by its state; one that is lost proves nothing', () => {
  const completed = 'cf-audit-drain.task.completed'
  assert.equal(outcome(completed, '{"state":"SUCCEEDED"}'), 'success')
  assert.equal(outcome(completed, '{"state":"FAILED","failure_reason":"out of memory"}'), 'failure')
  for (const data of ['{"state":"RUNNING"}', '{"state":["FAILED"]}', '{}', 'null', '[]', '{"state":"FAI'])
    assert.equal(outcome(completed, data), 'unknown', data)
  assert.equal(outcome('cf-audit-drain.task.lost', '{"last_state":"RUNNING","state":"FAILED"}'), 'unknown')
})

test('what any other event proves is said by its type, whatever its data holds', () => {
  for (const { type, outcome: expected } of catalogue.values())
    if (type !== 'cf-audit-drain.task.completed')
      assert.equal(outcome(type, '{"state":"FAILED"}'), expected, type)
})
