import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { type FaultRule, faultNames } from './faults.ts'
import { type Foundation, startFoundation } from './foundation.ts'

const rowCount = 60
const startMs = Date.parse('2026-11-01T00:00:00Z')
const list = '/v3/audit_events?per_page=20&order_by=created_at'

let foundation: Foundation
let authorization: string

beforeEach(async () => {
  foundation = await startFoundation({ random: seededRandom(7) })
  foundation.insert(
    Array.from({ length: rowCount }, (_, at) => ({
      createdAtUs: (startMs + at * 1000) * 1000,
      data: { at },
    })),
  )
  authorization = `bearer ${foundation.token({ clientId: 'c', scopes: ['cloud_controller.global_auditor'] })}`
})
afterEach(() => foundation.close())

interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** Code of the error that ended it; `timeout` when we gave up. */
  readonly error: string | null
  readonly firstByteMs: number | null
}

/** Without anything that repairs, inflates or retries. */
function get(path: string, url = foundation.api): Promise<Got> {
  return new Promise(resolve => {
    const pieces: Buffer[] = []
    let got: Omit<Got, 'body' | 'error'> = { status: 0, headers: {}, firstByteMs: null }
    const end = (error: string | null): void => resolve({ ...got, body: Buffer.concat(pieces), error })
    const request = httpRequest(`${url}${path}`, {
      agent: false,
      headers: { authorization, 'accept-encoding': 'gzip' },
      timeout: 300,
    })
    request.on('response', response => {
      got = { ...got, status: response.statusCode ?? 0, headers: response.headers }
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('end', () => end(null))
      response.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    })
    request.on('timeout', () => {
      end('timeout')
      request.destroy()
    })
    request.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    request.end()
  })
}

interface Page {
  readonly pagination: { readonly total_results: number; readonly total_pages: number }
  readonly resources: readonly {
    readonly guid: unknown
    readonly created_at: unknown
    readonly type: unknown
  }[]
}
const pageOf = (got: Got): Page => JSON.parse(got.body.toString()) as Page
const guidsOf = (got: Got): unknown[] => pageOf(got).resources.map(({ guid }) => guid)

async function struck(rule: FaultRule, path = list): Promise<Got> {
  foundation.faults.add(rule)
  const got = await get(path)
  assert.deepEqual(
    foundation.faults.fired.map(({ fault }) => fault),
    [rule.fault],
  )
  return got
}

async function assertWellAgain(): Promise<void> {
  const got = await get(list)
  assert.equal(got.status, 200)
  assert.equal(guidsOf(got).length, 20)
}

describe('a fault that replaces the answer', () => {
  const expected: readonly [FaultRule['fault'], number, RegExp, boolean][] = [
    ['error-500', 500, /"title":"UnknownError"/, true],
    ['error-502', 502, /^502 Bad Gateway/, false],
    ['error-503', 503, /^503 Service Unavailable/, false],
    ['error-504', 504, /<title>504 Gateway Time-out/, false],
    ['database-503', 503, /"code":10015/, true],
    ['uaa-unavailable', 502, /"title":"CF-UaaUnavailable","code":20004/, true],
    ['html-200', 200, /^<!DOCTYPE html>/, false],
    ['html-error', 503, /nginx/, false],
    ['unauthorized', 401, /"code":1000\b/, true],
    ['rate-limited-html', 429, /429 Too Many Requests/, false],
  ]
  for (const [fault, status, body, fromCloudController] of expected) {
    test(`${fault} strikes once and is gone`, async () => {
      const got = await struck({ fault })
      assert.equal(got.status, status)
      assert.match(got.body.toString(), body)
      assert.equal('x-download-options' in got.headers, fromCloudController)
      assert.equal(got.headers['retry-after'], undefined)
      await assertWellAgain()
    })
  }

  test('rate-limited says when to come again, as text that is JSON', async () => {
    const got = await struck({ fault: 'rate-limited', retryAfterSec: 7 })
    assert.equal(got.status, 429)
    assert.equal(got.headers['retry-after'], '7')
    assert.equal(got.headers['content-type'], 'text/plain; charset=utf-8')
    assert.match(got.body.toString(), /"code":10013/)
    await assertWellAgain()
  })

  test('tokens-revoked refuses every token given out until then', async () => {
    assert.equal((await struck({ fault: 'tokens-revoked' })).status, 401)
    const again = await get(list)
    assert.equal(again.status, 401)
    assert.match(again.body.toString(), /"code":1000\b/)
    const token = foundation.token({ clientId: 'c', scopes: ['cloud_controller.global_auditor'] })
    authorization = `bearer ${token}`
    await assertWellAgain()
  })
})

describe('a fault that spoils the delivery', () => {
  test('hang-before-headers sends nothing', async () => {
    const got = await struck({ fault: 'hang-before-headers' })
    assert.deepEqual([got.status, got.error], [0, 'timeout'])
    await assertWellAgain()
  })

  test('hang-before-headers with a duration closes the connection after it', async () => {
    const got = await struck({ fault: 'hang-before-headers', durationMs: 20 })
    assert.deepEqual([got.status, got.error], [0, 'ECONNRESET'])
  })

  test('hang-in-body sends the headers and a part', async () => {
    const got = await struck({ fault: 'hang-in-body' })
    assert.deepEqual([got.status, got.error], [200, 'timeout'])
    assert.ok(got.body.length > 0 && got.body.length < Number(got.headers['content-length']))
    await assertWellAgain()
  })

  test('reset-before-headers resets', async () => {
    const got = await struck({ fault: 'reset-before-headers' })
    assert.deepEqual([got.status, got.error], [0, 'ECONNRESET'])
    await assertWellAgain()
  })

  test('reset-in-body resets after a part', async () => {
    const got = await struck({ fault: 'reset-in-body' })
    assert.equal(got.status, 200)
    assert.ok(got.error !== null && got.body.length < Number(got.headers['content-length']))
    await assertWellAgain()
  })

  test('truncated-json has the right length and is no JSON', async () => {
    const got = await struck({ fault: 'truncated-json' })
    assert.deepEqual([got.status, got.error], [200, null])
    assert.equal(got.body.length, Number(got.headers['content-length']))
    assert.throws(() => pageOf(got), SyntaxError)
    await assertWellAgain()
  })

  test('truncated-length ends before the length it promised', async () => {
    const got = await struck({ fault: 'truncated-length' })
    assert.equal(got.status, 200)
    assert.ok(got.error !== null && got.body.length < Number(got.headers['content-length']))
    await assertWellAgain()
  })

  test('gzip-garbage says gzip and is not', async () => {
    const got = await struck({ fault: 'gzip-garbage' })
    assert.equal(got.headers['content-encoding'], 'gzip')
    assert.throws(() => gunzipSync(got.body))
    await assertWellAgain()
  })

  test('gzip is real', async () => {
    const got = await struck({ fault: 'gzip' })
    assert.equal(got.headers['content-encoding'], 'gzip')
    assert.equal(guidsOf({ ...got, body: gunzipSync(got.body) }).length, 20)
    await assertWellAgain()
  })

  test('slow-drip comes whole in the end', async () => {
    const got = await struck({ fault: 'slow-drip', bytes: 2000 })
    assert.equal(guidsOf(got).length, 20)
    await assertWellAgain()
  })
})

describe('a fault in how the page is made', () => {
  test('stale-replica leaves out what became visible lately, from the count too', async () => {
    const stale = await struck({ fault: 'stale-replica', lagMs: 1e13 }, list)
    assert.deepEqual(guidsOf(stale), [])
    assert.equal(pageOf(stale).pagination.total_results, 0)
    await assertWellAgain()
  })

  test('page-shift skips a row at the border', async () => {
    const first = guidsOf(await get(list))
    const second = guidsOf(await struck({ fault: 'page-shift' }, `${list}&page=2`))
    const all = foundation.shown().map(({ guid }) => guid)
    assert.deepEqual([...first, ...second], [...all.slice(0, 20), ...all.slice(21, 41)])
  })

  test('page-repeat shows a row twice', async () => {
    const second = guidsOf(await struck({ fault: 'page-repeat' }, `${list}&page=2`))
    const all = foundation.shown().map(({ guid }) => guid)
    assert.deepEqual(second, all.slice(19, 39))
  })

  test('clean-up-between-pages spares the first page and removes the oldest before a later one', async () => {
    foundation.faults.add({ fault: 'clean-up-between-pages', rows: 10 })
    assert.equal(pageOf(await get(list)).pagination.total_results, rowCount)
    const second = await get(`${list}&page=2`)
    assert.equal(pageOf(second).pagination.total_results, rowCount - 10)
    const all = foundation.shown()
    assert.deepEqual(
      guidsOf(second),
      all.slice(30, 50).map(({ guid }) => guid),
    )
    assert.equal(all.filter(({ deleted }) => deleted).length, 10)
  })

  test('insert-between-statements shows rows that were not counted', async () => {
    const got = await struck({ fault: 'insert-between-statements', rows: 3 }, `${list}&per_page=100`)
    assert.equal(pageOf(got).pagination.total_results, rowCount)
    assert.equal(guidsOf(got).length, rowCount + 3)
    assert.equal(foundation.shown().length, rowCount + 3)
  })

  test('vanish-between-statements counts rows that it does not show', async () => {
    const got = await struck({ fault: 'vanish-between-statements', rows: 3 }, `${list}&per_page=100`)
    assert.equal(pageOf(got).pagination.total_results, rowCount)
    assert.equal(guidsOf(got).length, rowCount - 3)
  })

  test('malformed-event puts a row into the table that no reader can take', async () => {
    const got = await struck({ fault: 'malformed-event' }, `${list}&per_page=100`)
    assert.equal(pageOf(got).pagination.total_results, rowCount + 1)
    const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value))
    const bad = pageOf(got).resources.filter(({ guid, type, created_at }) => {
      return typeof guid !== 'string' || typeof type !== 'string' || !isTime(created_at)
    })
    assert.equal(bad.length, 1)
    assert.equal(foundation.shown().filter(({ malformed }) => malformed).length, 1)
    assert.deepEqual(guidsOf(await get(`${list}&per_page=100`)), guidsOf(got))
  })
})

describe('a fault of the foundation', () => {
  test('uaa-refused resets the request, refuses connections for a while, and is back on its port', async () => {
    foundation.faults.add({ fault: 'uaa-refused', durationMs: 250 })
    const { uaa } = foundation
    assert.equal((await get('/oauth/token', uaa)).error, 'ECONNRESET')
    assert.equal((await get('/oauth/token', uaa)).error, 'ECONNREFUSED')
    const end = foundation.clock.monotonic() + 5000
    let got = await get('/healthz', uaa)
    while (got.error !== null && foundation.clock.monotonic() < end) {
      await foundation.clock.sleep(20)
      got = await get('/healthz', uaa)
    }
    assert.equal(got.status, 200)
  })

  test('any answer can be replaced at UAA too, by naming its path', async () => {
    foundation.faults.add({ fault: 'error-503', path: '/oauth/token' })
    assert.equal((await get('/oauth/token', foundation.uaa)).status, 503)
    assert.equal((await get('/oauth/token', foundation.uaa)).status, 405)
  })

  test('clock-skew moves the Date header and the stamps of new rows', async () => {
    const got = await struck({ fault: 'clock-skew', skewMs: -300_000 })
    const skewMs = Date.parse(String(got.headers['date'])) - foundation.clock.now()
    assert.ok(Math.abs(skewMs + 300_000) < 5000, `skew ${skewMs}`)
    foundation.insert([{}])
    const stampMs = (foundation.shown().at(-1)?.createdAtUs ?? 0) / 1000
    assert.ok(Math.abs(stampMs - foundation.clock.now() + 300_000) < 5000)
  })
})

describe('the plan', () => {
  test('a rule spares as many requests as it says, then strikes as often as it says', async () => {
    foundation.faults.add({ fault: 'error-502', after: 2, count: 3 })
    const statuses: number[] = []
    for (let at = 0; at < 7; at++) statuses.push((await get(list)).status)
    assert.deepEqual(statuses, [200, 200, 502, 502, 502, 200, 200])
    assert.equal(foundation.faults.left, 0)
  })

  test('the same seed strikes the same requests', async () => {
    const run = async (): Promise<number[]> => {
      const other = await startFoundation({ random: seededRandom(42) })
      other.faults.add({ fault: 'error-502', probability: 0.5, count: 100, path: '/v3' })
      const statuses: number[] = []
      for (let at = 0; at < 20; at++) statuses.push((await get('/v3/info', other.api)).status)
      await other.close()
      return statuses
    }
    const first = await run()
    assert.deepEqual(await run(), first)
    assert.equal(new Set(first).size, 2)
  })

  test('a fault of the page is kept for the next request when the answer is replaced', async () => {
    foundation.faults.add({ fault: 'malformed-event' }, { fault: 'error-502' })
    assert.equal((await get(list)).status, 502)
    assert.equal(foundation.faults.left, 1)
    assert.equal(pageOf(await get(list)).pagination.total_results, rowCount + 1)
  })

  test('an unknown fault is refused with the names of those there are', () => {
    const rule = { fault: 'earthquake' } as unknown as FaultRule
    assert.throws(() => foundation.faults.add(rule), new RegExp(`no fault "earthquake".*${faultNames[0]}`))
  })
})
