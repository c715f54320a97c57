import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { RateLimitedError, ServerError } from './errors.ts'
import { RateGate } from './rate-gate.ts'
import { rateLimitedForMs, rateLimitOf, retryAfterMs } from './retry-after.ts'
import { never } from './testing/client-of.ts'
import { foundationPerTest } from './testing/foundation-per-test.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { ccError, html, json, pageOf, type Script } from './testing/scripted-foundation.ts'
import { until } from './testing/until.ts'

const window = { fromSec: 1_795_000_000 }
const limited = (headers: Readonly<Record<string, string>>): Script =>
  ccError(429, 10013, 'CF-RateLimitExceeded', 'Rate Limit Exceeded', {
    'content-type': 'text/plain; charset=utf-8',
    ...headers,
  })

const fresh = foundationPerTest()

test('Retry-After is waited for in full, by every request of the foundation', async () => {
  const warned = Promise.withResolvers<void>()
  const controller = fresh.client({}, { onWarning: () => warned.resolve() })
  await controller.countAuditEvents(window, never)
  fresh.foundation.next.push(limited({ 'retry-after': '1' }))
  const startedAt = systemClock.monotonic()
  const first = controller.countAuditEvents(window, never)
  await warned.promise
  const others = [controller.countAuditEvents(window, never), controller.oldestAuditEventSec(never)]
  await Promise.all([first, ...others])
  assert.ok(systemClock.monotonic() - startedAt >= 990)
  assert.equal(fresh.foundation.requestsOf('/v3/audit_events'), 5)
})

test('a wait beyond the budget is thrown at once, and nothing is sent until it is over', async () => {
  const controller = fresh.client({ retry: { budgetMs: 5000 } })
  fresh.foundation.next.push(
    limited({
      'retry-after': '94',
      'x-ratelimit-limit': '30',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '1795317744',
    }),
  )
  const startedAt = systemClock.monotonic()
  await assert.rejects(controller.countAuditEvents(window, never), (error: Error) => {
    assert.ok(error instanceof RateLimitedError)
    assert.equal(error.retryAfterMs, 94_000)
    assert.equal(error.code, '10013')
    assert.match(
      error.message,
      /for 94 s \(429 CF-RateLimitExceeded.*; tried again in 94 s.*admin_read_only is exempt/,
    )
    return true
  })
  await assert.rejects(controller.countAuditEvents(window, never), (error: Error) => {
    assert.ok(error instanceof RateLimitedError)
    assert.ok(error.retryAfterMs !== null && error.retryAfterMs > 90_000)
    return true
  })
  assert.ok(systemClock.monotonic() - startedAt < 2000)
  assert.equal(fresh.foundation.requestsOf('/v3/audit_events'), 1)
  assert.deepEqual(controller.rateLimit, { limit: 30, remaining: 0, resetSec: 1_795_317_744 })
})

for (const [what, told, asked] of [
  ['a year', '31536000', '31536000'],
  ['milliseconds sent as seconds', '3600000', '3600000'],
  ['a date far away', 'Fri, 01 Jan 2100 00:00:00 GMT', '\\d{10}'],
] as const)
  test(`a Retry-After of ${what} shuts nobody out: every 15 minutes one request tries`, async () => {
    const clock = new ManualClock({ startMs: systemClock.now() })
    const controller = fresh.client({ requestTimeoutMs: 3_600_000 }, { clock })
    const count = () => controller.countAuditEvents(window, never)
    const sent = () => fresh.foundation.requestsOf('/v3/audit_events')
    const refusal = (pattern: RegExp, retryAfterMs: number) => (error: Error) => {
      assert.ok(error instanceof RateLimitedError)
      assert.match(error.message, pattern)
      assert.equal(error.retryAfterMs, retryAfterMs)
      return true
    }
    const answered429 = new RegExp(`for ${asked} s \\(429.*; tried again in 900 s`)
    fresh.foundation.next.push(limited({ 'retry-after': told }))
    await assert.rejects(count(), refusal(answered429, 900_000))
    clock.advance(700_000)
    await assert.rejects(count(), refusal(/for \d{7,} s; tried again in 200 s; nothing was sent/, 200_000))
    assert.equal(sent(), 1)

    const held = Promise.withResolvers<() => void>()
    fresh.foundation.next.push((...request) =>
      held.resolve(() => limited({ 'retry-after': told })(...request)),
    )
    clock.advance(200_000)
    const probe = assert.rejects(count(), refusal(answered429, 900_000))
    const others = [count(), count()].map(one =>
      assert.rejects(one, refusal(/tried again in \d+ s; nothing was sent/, 899_500)),
    )
    const answer = await held.promise
    const looks = () => clock.sleeps.filter(ms => ms === 500).length
    await until(() => looks() === 2, 'both others wait')
    clock.advance(500)
    await until(() => looks() === 4, 'both others have looked again')
    assert.equal(sent(), 2, 'one probe')
    answer()
    await probe
    clock.advance(500)
    await Promise.all(others)
    assert.equal(sent(), 2, 'the pause is renewed')

    clock.advance(900_000)
    assert.equal(await count(), 0)
    assert.deepEqual(await Promise.all([count(), count()]), [0, 0])
    assert.equal(sent(), 5)
  })

test('a probe that is not answered leaves the next one to probe, and the gate opens when the asked time is over', async () => {
  const clock = new ManualClock({ leap: true })
  const gate = new RateGate(clock)
  assert.equal(gate.refused(20 * 60_000), 15 * 60_000)
  assert.equal(await gate.pass(60_000, never), null)
  clock.advance(15 * 60_000)
  const lost = await gate.pass(0, never)
  assert.deepEqual(lost, { probe: true })
  assert.equal(await gate.pass(10_000, never), null, 'nobody else while it is under way')
  gate.leave({ probe: false })
  assert.equal(await gate.pass(0, never), null, 'nor after the end of a request from before')
  if (lost) gate.leave(lost)
  const second = await gate.pass(0, never)
  assert.deepEqual(second, { probe: true })
  const leftMs = gate.askedForMs
  assert.equal(gate.refused(null), leftMs, 'a 429 without a time: the first still holds')
  if (second) gate.leave(second)
  clock.advance(leftMs)
  assert.deepEqual(await gate.pass(0, never), { probe: false })
  assert.equal(gate.refused(null), null)
})

test('nginx says 429 in HTML and no time: backed off and repeated', async () => {
  const controller = fresh.client()
  fresh.foundation.next.push(html(429), html(429))
  assert.equal(await controller.countAuditEvents(window, never), 0)
  assert.equal(fresh.foundation.requestsOf('/v3/audit_events'), 3)
})

test('Retry-After of a 503 is kept too', async () => {
  const controller = fresh.client({ retry: { budgetMs: 3000 } })
  fresh.foundation.next.push(html(503, { 'retry-after': '60' }))
  await assert.rejects(controller.countAuditEvents(window, never), (error: Error) => {
    assert.ok(error instanceof ServerError)
    assert.equal(error.retryAfterMs, 60_000)
    return true
  })
})

test('requests slow down when little of the limit is left', async () => {
  const controller = fresh.client()
  const resetSec = Math.ceil(systemClock.now() / 1000) + 60
  fresh.foundation.events = json(200, pageOf([]), {
    'x-ratelimit-limit': '2000',
    'x-ratelimit-remaining': '200',
    'x-ratelimit-reset': String(resetSec),
  })
  await controller.countAuditEvents(window, never)
  await controller.countAuditEvents(window, never)
  const startedAt = systemClock.monotonic()
  await controller.countAuditEvents(window, never)
  // 60 s for 200 requests: 300 ms each.
  const tookMs = systemClock.monotonic() - startedAt
  assert.ok(tookMs > 200 && tookMs < 1500, `${tookMs} ms`)
})

test('the gate paces only a low limit, never longer than 30 s a request, and lets go of it', async () => {
  const clock = new ManualClock({ leap: true })
  const gate = new RateGate(clock)
  const resetSec = clock.now() / 1000 + 3600
  const pass = async () => {
    clock.sleeps.length = 0
    assert.ok(await gate.pass(120_000, never))
    assert.ok(await gate.pass(120_000, never))
    return clock.sleeps.reduce((sum, ms) => sum + ms, 0)
  }
  gate.note({ limit: 2000, remaining: 400, resetSec }, clock.now())
  assert.equal(await pass(), 0)
  gate.note({ limit: 2000, remaining: 200, resetSec }, clock.now())
  assert.equal(await pass(), 18_000)
  gate.note({ limit: 30, remaining: 0, resetSec }, clock.now())
  clock.advance(60_000)
  assert.equal(await pass(), 30_000)
  gate.note(null, clock.now())
  clock.advance(60_000)
  assert.equal(await pass(), 0)
})

test('Retry-After is seconds or a date, by the clock of who wrote it; without one the reset counts', () => {
  const theirNowMs = Date.UTC(2026, 10, 22, 8, 0, 0)
  const of = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries))
  assert.equal(retryAfterMs(of({ 'retry-after': '94' }), theirNowMs), 94_000)
  assert.equal(retryAfterMs(of({ 'retry-after': 'Sun, 22 Nov 2026 08:01:00 GMT' }), theirNowMs), 60_000)
  assert.equal(retryAfterMs(of({ 'retry-after': 'Sun, 22 Nov 2026 07:01:00 GMT' }), theirNowMs), 0)
  for (const nonsense of ['', 'soon', '-3', '1.5', '99999999999999'])
    assert.equal(retryAfterMs(of({ 'retry-after': nonsense }), theirNowMs), null)
  assert.equal(rateLimitedForMs(of({ 'x-ratelimit-reset': String(theirNowMs / 1000 + 7) }), theirNowMs), 7000)
  assert.equal(rateLimitedForMs(of({}), theirNowMs), null)
  assert.equal(rateLimitOf(of({ 'x-ratelimit-limit': '30' })), null)
})
