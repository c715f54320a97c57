import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drivenClock } from '@cf-audit-drain/pipeline'
import { PollerReport, type StatusParts } from './poller-report.ts'
import { PolledFoundation } from './testing/polled-foundation.ts'

test('the last error is on the status until what failed works again: a poll, a session without a login', async t => {
  const one = await PolledFoundation.make(t)
  const error = () => one.poller.status().lastError
  await one.started()
  one.foundation.faults.add({ fault: 'error-500', count: 1_000_000 })
  await one.until(() => error()?.loop === 'poll')
  one.foundation.faults.clear()
  while (one.poller.status().state !== 'running' || error() !== null) await one.passCalmly(10_000, 1_000)
  await one.stop()

  one.foundation.faults.add({ fault: 'uaa-unavailable', path: '/oauth/token', count: 1_000_000 })
  one.start().catch(() => undefined)
  while (error()?.loop !== 'session') await one.passCalmly(10_000, 1_000)
  one.foundation.faults.clear()
  while (one.poller.status().state !== 'running') await one.passCalmly(10_000, 1_000)
  assert.equal(error(), null)
})

test('an error of one loop is not over because another loop works', () => {
  const report = new PollerReport({}, drivenClock(), () => 0)
  const loopOfLast = () => {
    const parts = {
      controller: { apiVersion: 'v3', skewMs: 0 },
      rights: { rights: null },
      recorder: null,
      logged: null,
    }
    return report.status(parts as unknown as StatusParts).lastError?.loop
  }
  report.failed({ loop: 'verify', error: new Error('503'), attempt: 1, delayMs: 1 })
  report.polled({ published: 0, rows: 0 }, 1)
  for (const loop of ['poll', 'catch-up', 'session']) report.worked(loop)
  assert.equal(loopOfLast(), 'verify')
  report.worked('verify')
  assert.equal(loopOfLast(), undefined)
})
