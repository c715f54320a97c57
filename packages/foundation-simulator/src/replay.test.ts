import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { Foundation } from './foundation.ts'
import { authorizationOf, recordedFoundation, totals } from './recorded-foundation.ts'
import { type RecordedExchange, recordedExchange } from './recordings.ts'

/** Headers of the connection, and those whose value is another in every answer. */
const notCompared = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'retry-after',
  'x-ratelimit-reset',
  'x-runtime',
  'x-vcap-request-id',
])

async function ask(foundation: Foundation, exchange: RecordedExchange): Promise<Response> {
  const { method, path } = exchange.request
  return fetch(`${foundation.api}${path}`, { method, headers: authorizationOf(foundation, exchange.as) })
}

function comparable(headers: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !notCompared.has(name)).sort())
}

async function assertAnsweredAsRecorded(foundation: Foundation, name: string): Promise<void> {
  const exchange = recordedExchange(name)
  const { status, headers, body } = exchange.response
  const answer = await ask(foundation, exchange)
  const text = await answer.text()
  assert.equal(answer.status, status)
  assert.deepEqual(comparable(answer.headers), comparable(Object.entries(headers)))
  assert.equal(text.length > 0, true)
  // As text: the order of the keys counts too.
  assert.equal(JSON.stringify(JSON.parse(text), null, 1), JSON.stringify(body, null, 1))
  assert.match(answer.headers.get('x-vcap-request-id') ?? '', /^[0-9a-f-]{36}$/)
  const recordedLength = headers['content-length']
  const plain = JSON.stringify(body)
  const written = name.startsWith('v2-') ? plain : plain.replaceAll('&', '\\u0026')
  if (String(Buffer.byteLength(written)) === recordedLength) {
    assert.equal(answer.headers.get('content-length'), recordedLength)
  }
}

const recordedNames = readdirSync(new URL('../recordings/exchanges/', import.meta.url))
  .map(file => file.replace('.json', ''))
  .filter(name => /^(access|error|event|events|not-found)-/.test(name))

describe('every recorded exchange about audit events, access, errors and paging', () => {
  let foundation: Foundation
  before(async () => {
    foundation = await recordedFoundation(totals.usual)
  })
  after(() => foundation.close())
  for (const name of [
    ...recordedNames,
    'quirk-array-syntax',
    'v3-root',
    'v3-info',
    'v2-off-info',
    'v2-off-root',
  ]) {
    test(`${name} is answered as recorded`, () => assertAnsweredAsRecorded(foundation, name))
  }
})

describe('the broken next link of target_guids[not], recorded later', () => {
  let foundation: Foundation
  before(async () => {
    foundation = await recordedFoundation(totals.brokenLink)
  })
  after(() => foundation.close())
  for (const name of ['quirk-target-not-page-1', 'quirk-target-not-next-link']) {
    test(`${name} is answered as recorded`, () => assertAnsweredAsRecorded(foundation, name))
  }
})

describe('v2 switched on', () => {
  let foundation: Foundation
  before(async () => {
    foundation = await recordedFoundation(totals.usual, { v2: true })
  })
  after(() => foundation.close())
  const ofEvents = readdirSync(new URL('../recordings/exchanges/', import.meta.url))
    .map(file => file.replace('.json', ''))
    .filter(name => name.startsWith('v2-event'))
  for (const name of ['root', 'v2-info', ...ofEvents]) {
    test(`${name} is answered as recorded`, () => assertAnsweredAsRecorded(foundation, name))
  }
})

describe('the rate limit', () => {
  let foundation: Foundation
  before(async () => {
    const rateLimit = { generalLimit: 30, unauthenticatedLimit: 1000 }
    foundation = await recordedFoundation(totals.usual, { rateLimit })
  })
  after(() => foundation.close())
  const assertResetsWithinTheHour = async (name: string): Promise<void> => {
    const answer = await ask(foundation, recordedExchange(name))
    const nowSec = foundation.clock.now() / 1000
    const resetSec = Number(answer.headers.get('x-ratelimit-reset'))
    assert.ok(resetSec > nowSec - 1 && resetSec <= nowSec + 3601, `reset ${resetSec} at ${nowSec}`)
    const retryAfterSec = Number(answer.headers.get('retry-after'))
    assert.ok(Math.abs(resetSec - retryAfterSec - nowSec) <= 2, `retry after ${retryAfterSec}`)
    await answer.body?.cancel()
  }
  const exhaust = async (name: string, times: number): Promise<void> => {
    for (let at = 0; at < times; at++) await (await ask(foundation, recordedExchange(name))).arrayBuffer()
  }

  test('is answered as recorded before, at and beyond it, and leaves others alone', async () => {
    await assertAnsweredAsRecorded(foundation, 'rate-first')
    await exhaust('rate-first', 29)
    await assertAnsweredAsRecorded(foundation, 'rate-limited-429')
    await assertResetsWithinTheHour('rate-limited-429')
    await assertAnsweredAsRecorded(foundation, 'rate-other-user')
    await assertAnsweredAsRecorded(foundation, 'rate-read-only-exempt')
    await assertAnsweredAsRecorded(foundation, 'rate-root-unlimited')
  })

  test('counts everyone without a token together', async () => {
    await assertAnsweredAsRecorded(foundation, 'rate-info')
    await exhaust('rate-info', 999)
    await assertAnsweredAsRecorded(foundation, 'rate-limited-unauthenticated')
    await assertResetsWithinTheHour('rate-limited-unauthenticated')
    await assertAnsweredAsRecorded(foundation, 'access-garbage')
  })
})
