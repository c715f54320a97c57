import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditEvent, ownActor } from '@cf-audit-drain/event'
import { syslogCodec } from './codec.ts'
import { sampleEvent } from './testing/sample-event.ts'

const own = (type: string, data: object = {}, change: Partial<AuditEvent> = {}) =>
  sampleEvent({ type: `cf-audit-drain.${type}`, actor: ownActor, data: JSON.stringify(data), ...change })
const outcomes = (events: readonly AuditEvent[]) => {
  const codec = syslogCodec({})
  return events.map(event => / outcome=(\w+) /.exec(codec.encode(event))?.[1])
}

test('the outcome of a task is how it ended, one task after the other, and that of a lost one unknown', () => {
  const succeeded = own('task.completed', { state: 'SUCCEEDED' })
  const failed = own('task.completed', { state: 'FAILED', failure_reason: 'out of memory' })
  const lost = own('task.lost', { last_state: 'RUNNING' })
  assert.deepEqual(
    outcomes([failed, succeeded, lost, failed, sampleEvent(), own('task.completed', { state: 'LATER' })]),
    ['failure', 'success', 'unknown', 'failure', 'success', 'unknown'],
  )
})

test('an event of our own says that this program made it, and all others that Cloud Controller did', () => {
  for (const format of ['cef', 'json'] as const) {
    const { encode } = syslogCodec({ format })
    const finding = encode(
      own('source.truncated', {}, { target: { guid: 'f', type: 'foundation', name: 'f' } }),
    )
    assert.match(finding, / cf-audit-drain \[AUDIT\/0\] .* origin="cf-audit-drain" /)
    const ofApp = encode(own('task.lost'))
    assert.match(ofApp, / 5f3b0c6e-57c9-4a3c-9b8a-8b8c1a1f7d10 \[AUDIT\/0\] .* origin="cf-audit-drain" /)
    const audited = encode(sampleEvent({ target: { guid: 's', type: 'space', name: 's' } }))
    assert.match(audited, / cloud_controller \[AUDIT\/0\] .* origin="cloud_controller" /)
  }
})
