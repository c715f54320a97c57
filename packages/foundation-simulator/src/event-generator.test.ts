import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { EventGenerator } from './event-generator.ts'
import { startFoundation } from './foundation.ts'
import { liven } from './lively.ts'

const plan = {
  count: 5000,
  fromMs: Date.parse('2026-11-02T00:00:00Z'),
  toMs: Date.parse('2026-11-16T00:00:00Z'),
}
const make = (seed: number): EventGenerator =>
  new EventGenerator(seededRandom(seed), 'https://api.example.org')

test('the same seed makes the same history, another seed another', () => {
  const [one, same, other] = [1, 1, 2].map(seed => [...make(seed).history(plan)].map(({ text }) => text))
  assert.deepEqual(one, same)
  assert.notDeepEqual(one, other)
})

test('every event is sound: columns equal its text, guids once, no trace of the recorded host', () => {
  const rows = [...make(3).history(plan)]
  assert.equal(rows.length, plan.count)
  assert.equal(new Set(rows.map(({ guid }) => guid)).size, plan.count)
  let last = 0
  for (const row of rows) {
    const text = row.text ?? ''
    const event = JSON.parse(text) as Record<string, { guid: string } | null | string>
    assert.equal(event['guid'], row.guid)
    assert.equal(event['type'], row.type)
    assert.equal((event['target'] as { guid: string }).guid, row.target?.guid)
    assert.equal((event['space'] as { guid: string } | null)?.guid ?? null, row.spaceGuid)
    assert.equal((event['organization'] as { guid: string } | null)?.guid ?? null, row.organizationGuid)
    assert.equal(Date.parse(String(event['created_at'])), Math.floor((row.createdAtUs ?? 0) / 1e6) * 1000)
    assert.doesNotMatch(text, /api\.sys\.example\.com\/v3\/audit_events/)
    assert.ok((row.createdAtUs ?? 0) >= last)
    last = row.createdAtUs ?? 0
  }
})

test('nights and weekends are quieter, and most types occur', () => {
  const rows = [...make(4).history({ ...plan, count: 20_000 })]
  const hours = rows.map(({ createdAtUs = 0 }) => new Date(createdAtUs / 1000))
  const office = hours.filter(at => at.getUTCHours() === 10 && at.getUTCDay() === 3).length
  const night = hours.filter(at => at.getUTCHours() === 3 && at.getUTCDay() === 3).length
  const sunday = hours.filter(at => at.getUTCHours() === 10 && at.getUTCDay() === 0).length
  assert.ok(office > 4 * night, `${office} by day, ${night} by night`)
  assert.ok(office > 2 * sunday, `${office} on Wednesday, ${sunday} on Sunday`)
  assert.ok(new Set(rows.map(({ type }) => type)).size > 110)
  const refused = rows.filter(({ type }) => type === 'audit.app.ssh-unauthorized').length
  assert.ok(refused > 0 && refused < 200, `${refused}`)
})

test('a lively foundation goes on until it is told to stop', async () => {
  const foundation = await startFoundation()
  const stop = new AbortController()
  try {
    const living = liven(foundation, make(5), { eventsPerSecond: 200 }, stop.signal)
    const end = systemClock.monotonic() + 10_000
    while (foundation.shown().length < 50 && systemClock.monotonic() < end) await systemClock.sleep(10)
    stop.abort()
    await living
    assert.ok(foundation.shown().length >= 50)
    const late = foundation.shown().filter(row => row.firstVisibleAtMs > row.createdAtUs / 1000)
    assert.ok(late.length > 40)
  } finally {
    await foundation.close()
  }
})
