import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { Skew } from './skew.ts'
import { clientOf, never } from './testing/client-of.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { json, pageOf, scriptedFoundation } from './testing/scripted-foundation.ts'

test('a Date in whole seconds gives the skew to within a second, and one odd answer does not move it', () => {
  const clock = new ManualClock({ startMs: Date.UTC(2026, 10, 22, 8, 0, 0, 300) })
  const skew = new Skew(clock)
  assert.equal(skew.ms, null)
  const dateOf = (skewMs: number) => new Date(clock.now() + skewMs).toUTCString()
  for (let i = 0; i < 9; i++) {
    skew.note(dateOf(300_000), 20)
    clock.advance(370)
  }
  assert.ok(Math.abs((skew.ms ?? 0) - 300_000) <= 600, String(skew.ms))
  skew.note(dateOf(-9_000_000), 20)
  skew.note('not a date', 20)
  skew.note(undefined, 20)
  assert.ok(Math.abs((skew.ms ?? 0) - 300_000) <= 600, String(skew.ms))
})

test('a slow answer counts only as long as there is no quick one', () => {
  const clock = new ManualClock({ startMs: Date.UTC(2026, 0, 1) })
  const skew = new Skew(clock)
  skew.note(new Date(clock.now() + 60_000).toUTCString(), 50_000)
  assert.equal(skew.ms, 85_500)
  skew.note(new Date(clock.now()).toUTCString(), 10)
  assert.equal(skew.ms, 505)
})

test('the client reads it from the Date of its answers', async () => {
  const foundation = await scriptedFoundation()
  const client = clientOf(foundation.origin)
  try {
    foundation.events = (request, response, body) => {
      response.setHeader('date', new Date(systemClock.now() - 300_000).toUTCString())
      json(200, pageOf([]))(request, response, body)
    }
    for (let i = 0; i < 5; i++) await client.countAuditEvents({ fromSec: 0 }, never)
    assert.ok(Math.abs((client.skewMs ?? 0) + 300_000) < 1500, String(client.skewMs))
  } finally {
    await client.close()
    await foundation.close()
  }
})
