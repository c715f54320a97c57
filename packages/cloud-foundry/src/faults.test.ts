import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { CloudController } from './cloud-controller.ts'
import { CloudFoundryError } from './errors.ts'
import type { FoundationOptions, RequestInfo } from './options.ts'
import { clientOf, never, secret } from './testing/client-of.ts'
import {
  ccError,
  drip,
  eventOf,
  hang,
  html,
  json,
  pageOf,
  raw,
  reset,
  type Script,
  type ScriptedFoundation,
  scriptedFoundation,
} from './testing/scripted-foundation.ts'

const window = { fromSec: 1_795_000_000, toSec: 1_795_003_600, page: 1, perPage: 100 }
/** As long as a machine with other work may need for an answer. */
const waitMs = 600
const page = JSON.stringify(pageOf([eventOf('a'), eventOf('b')]))
const zipped = gzipSync(page)

const gzip =
  (body: Buffer): Script =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(body)
  }
const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
const uaaDown = {
  errors: [{ detail: 'The UAA service is currently unavailable', title: 'CF-UaaUnavailable', code: 20004 }],
}

/** What is scripted, the class it must become when it lasts, and a word its sentence must hold. */
const passing: readonly (readonly [string, Script, string, RegExp])[] = [
  [
    '500',
    ccError(500, 10001, 'UnknownError', 'An unknown error occurred.'),
    'ServerError',
    /500 UnknownError 10001/,
  ],
  ['502 of a Cloud Controller without UAA', json(502, uaaDown), 'ServerError', /cannot reach UAA/],
  [
    '503',
    ccError(503, 10015, 'CF-ServiceUnavailable', 'Database connection failure'),
    'ServerError',
    /Database connection/,
  ],
  ['503 without a body', (_, response) => response.writeHead(503).end(), 'ServerError', /503/],
  ['504 of a router as HTML', html(504), 'ServerError', /504/],
  [
    '500 whose body hangs',
    raw('HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\nabc', 'stay'),
    'ServerError',
    /500/,
  ],
  [
    '500 with an endless page',
    (_, response) => response.writeHead(500).end('x'.repeat(300_000)),
    'ServerError',
    /500/,
  ],
  ['hang before the headers', hang, 'UnreachableError', new RegExp(`no answer within ${waitMs} ms`)],
  ['hang in the headers', raw('HTTP/1.1 200 OK\r\nContent-', 'stay'), 'UnreachableError', /no answer/],
  [
    'hang in the body',
    raw(`${head}Content-Length: 900\r\n\r\n{"pagin`, 'stay'),
    'BrokenAnswerError',
    /stopped after 7 bytes/,
  ],
  ['reset before the headers', reset, 'UnreachableError', /closed before an answer/],
  ['close before the headers', raw('', 'end'), 'UnreachableError', /closed before an answer/],
  [
    'reset in the body',
    request => {
      request.socket.write(`${head}Content-Length: 900\r\n\r\n{"pagin`, () =>
        request.socket.resetAndDestroy(),
      )
    },
    'BrokenAnswerError',
    /broke off/,
  ],
  [
    'body shorter than its content-length',
    raw(`${head}Content-Length: ${page.length + 1}\r\n\r\n${page}`, 'end'),
    'BrokenAnswerError',
    /broke off/,
  ],
  [
    'body cut with a right content-length',
    raw(`${head}Content-Length: ${page.length - 5}\r\n\r\n${page.slice(0, -5)}`, 'end'),
    'BrokenAnswerError',
    /not JSON/,
  ],
  [
    'body cut without any length',
    raw(`${head}Connection: close\r\n\r\n${page.slice(0, -5)}`, 'end'),
    'BrokenAnswerError',
    /not JSON/,
  ],
  [
    'chunks without the last',
    raw(`${head}Transfer-Encoding: chunked\r\n\r\n${page.length.toString(16)}\r\n${page}\r\n`, 'end'),
    'BrokenAnswerError',
    /broke off/,
  ],
  ['no HTTP at all', raw('220 smtp.example.com ESMTP\r\n', 'end'), 'UnreachableError', /failed/],
  ['HTML with 200', html(200), 'BrokenAnswerError', /text\/html/],
  ['nothing with 200', (_, response) => response.writeHead(200).end(), 'BrokenAnswerError', /0 bytes/],
  ['JSON that is no page', json(200, { resources: [] }), 'BrokenAnswerError', /total_results/],
  [
    'more rows than asked for',
    json(200, pageOf(Array.from({ length: 101 }, (_, i) => eventOf(`g${i}`)))),
    'BrokenAnswerError',
    /101 rows/,
  ],
  ['gzip garbage', gzip(Buffer.from('no gzip in here')), 'BrokenAnswerError', /gzip/],
  ['gzip cut', gzip(zipped.subarray(0, -9)), 'BrokenAnswerError', /gzip/],
  ['gzip with a flipped bit', gzip(Buffer.from(zipped).fill(7, 30, 31)), 'BrokenAnswerError', /gzip/],
  [
    'gzip with bytes behind it',
    gzip(Buffer.concat([zipped, Buffer.from('{"more":1}')])),
    'BrokenAnswerError',
    /gzip/,
  ],
  ['gzip with zeros behind it', gzip(Buffer.concat([zipped, Buffer.alloc(50)])), 'BrokenAnswerError', /gzip/],
  ['another encoding', json(200, {}, { 'content-encoding': 'br' }), 'BrokenAnswerError', /not asked for/],
  [
    'not UTF-8',
    (_, response) => response.writeHead(200).end(Buffer.from([0x22, 0xff, 0x22])),
    'BrokenAnswerError',
    /UTF-8/,
  ],
  ['429 as HTML of nginx', html(429), 'RateLimitedError', /without saying/],
  [
    '404 of the router in mid-run',
    html(404, { 'x-cf-routererror': 'unknown_route' }),
    'ServerError',
    /gone from the router/,
  ],
]

const lasting: readonly (readonly [string, Script, string, RegExp])[] = [
  [
    '400',
    ccError(400, 10005, 'CF-BadQueryParameter', 'The query parameter is invalid: Per page …'),
    'RefusedError',
    /Per page/,
  ],
  [
    '403 without the scope',
    ccError(403, 10003, 'CF-NotAuthorized', 'You are not authorized'),
    'NotPermittedError',
    /uaac client update cf-audit-drain --authorities cloud_controller.global_auditor/,
  ],
  [
    '404 of Korifi',
    ccError(404, 10000, 'CF-NotFound', 'Unknown request'),
    'ApiUnavailableError',
    /Korifi has none.*apiVersion: v2/,
  ],
  [
    '401 for a fresh token',
    ccError(401, 1000, 'CF-InvalidAuthToken', 'Invalid Auth Token'),
    'CredentialsError',
    /only just issued/,
  ],
  [
    'redirect',
    html(302, { location: 'https://evil.example.com/x?token=1' }),
    'NotCloudControllerError',
    /https:\/\/evil\.example\.com \(302\), which is not followed/,
  ],
  ['418', html(418), 'RefusedError', /418/],
  ['204', (_, response) => response.writeHead(204).end(), 'NotCloudControllerError', /204/],
  [
    'longer than allowed, and says so',
    json(200, pageOf([eventOf('x'.repeat(300_000))])),
    'AnswerTooLargeError',
    /200000 bytes.*narrower/,
  ],
  [
    'longer than allowed in chunks',
    (_, response) => {
      for (let i = 0; i < 30; i++) response.write(' '.repeat(10_000))
      response.end()
    },
    'AnswerTooLargeError',
    /200000 bytes/,
  ],
  [
    'small, but longer than allowed when unpacked',
    gzip(gzipSync(Buffer.alloc(50_000_000, ' '))),
    'AnswerTooLargeError',
    /200000 bytes/,
  ],
]

let foundation: ScriptedFoundation
let controller: CloudController
let told: RequestInfo[]
const clients: CloudController[] = []

before(async () => {
  foundation = await scriptedFoundation()
})
after(async () => {
  await Promise.all(clients.map(client => client.close()))
  await foundation.close()
})

function client(options: Partial<FoundationOptions> = {}): CloudController {
  const made = clientOf(
    foundation.origin,
    { requestTimeoutMs: waitMs, standstillMs: waitMs, bodyBytesMax: 200_000, ...options },
    { onRequest: request => told.push(request) },
  )
  clients.push(made)
  return made
}

beforeEach(() => {
  foundation.next.length = 0
  foundation.events = (_, response) => response.writeHead(200).end(page)
  told = []
  controller = client({ retry: { tries: 2, firstDelayMs: 2, maxDelayMs: 10 } })
})

async function caught(promise: Promise<unknown>): Promise<CloudFoundryError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof CloudFoundryError, inspect(error))
    return error
  }
  throw new Error('nothing was thrown')
}

function assertSound(error: CloudFoundryError, name: string, sentence: RegExp): void {
  assert.equal(error.name, name, error.message)
  assert.match(error.message, sentence)
  assert.match(error.message, /^foundation "prod": /)
  assert.match(error.message, /\(request id cf-audit-drain-[0-9a-f-]{36}\)$/)
  const printed = inspect(error, { depth: 10, showHidden: true })
  for (const hidden of [secret, encodeURIComponent(secret), 'THE-TOKEN', 'Bearer'])
    assert.ok(!printed.includes(hidden), `${hidden} in ${printed}`)
  assert.equal(error.cause, undefined)
}

for (const [what, script, name, sentence] of passing) {
  test(`${what}: repeated, and the page arrives whole once it is over`, async () => {
    await controller.discover(never)
    foundation.next.push(script)
    const { resources } = await controller.auditEvents(window, never)
    assert.deepEqual(
      resources.map(({ value }) => (value as { guid: string }).guid),
      ['a', 'b'],
    )
    assert.equal(told.filter(({ path }) => path === '/v3/audit_events').length, 2)
  })

  test(`${what}: a ${name} when it lasts`, async () => {
    await controller.discover(never)
    foundation.events = script
    const error = await caught(controller.auditEvents(window, never))
    assertSound(error, name, sentence)
    assert.equal(error.retryable, true)
    assert.equal(error.end, 'Cloud Controller')
    assert.equal(told.filter(({ path }) => path === '/v3/audit_events').length, 2, 'one repetition')
  })
}

for (const [what, script, name, sentence] of lasting) {
  test(`${what}: a ${name} at once`, async () => {
    foundation.events = script
    const error = await caught(controller.auditEvents(window, never))
    assertSound(error, name, sentence)
    assert.equal(error.retryable, false)
    const times = what.startsWith('401') ? 2 : 1
    assert.equal(told.filter(({ path }) => path === '/v3/audit_events').length, times)
  })
}

test('a redirect is never followed, so the token goes to no other host', async () => {
  const other = await scriptedFoundation()
  try {
    foundation.events = html(307, { location: `${other.origin}/v3/audit_events` })
    assert.equal((await caught(controller.auditEvents(window, never))).name, 'NotCloudControllerError')
    assert.equal(other.requests.length, 0)
  } finally {
    await other.close()
  }
})

test('a request id is sent with every request and named in the error', async () => {
  foundation.requests.length = 0
  foundation.events = ccError(400, 10005, 'CF-BadQueryParameter', 'no')
  const error = await caught(controller.auditEvents(window, never))
  const sent = foundation.requests.map(({ headers }) => headers['x-vcap-request-id'])
  assert.equal(new Set(sent).size, sent.length)
  assert.equal(error.requestId, sent.at(-1))
  assert.ok(foundation.requests.every(({ headers }) => headers['user-agent'] === 'cf-audit-drain'))
})

test('a secret that the other end echoes does not come into the message', async () => {
  const echo: Script = (request, response) =>
    ccError(
      400,
      10005,
      'CF-Bad',
      `${request.headers.authorization} ${secret} ${encodeURIComponent(secret)}\r\nforged`,
    )(request, response, '')
  foundation.events = echo
  const error = await caught(controller.auditEvents(window, never))
  assert.equal(error.name, 'RefusedError')
  const printed = inspect(error, { depth: 10 })
  for (const hidden of [secret, encodeURIComponent(secret), 'THE-TOKEN'])
    assert.ok(!printed.includes(hidden), printed)
  assert.ok(!error.message.includes('\n'))
})

test('a client does not show its secret when it is printed', () => {
  const printed = inspect(controller, { depth: 10, showHidden: true })
  assert.ok(!printed.includes(secret), printed)
})

test('a body that drips is stopped, one that is slow but moves is not', { timeout: 20_000 }, async () => {
  const patient = client({ requestTimeoutMs: 250, standstillMs: 200, retry: { tries: 1 } })
  foundation.events = drip(page, 20, 1)
  assert.match((await caught(patient.auditEvents(window, never))).message, /stopped after|too slowly/)

  const big = JSON.stringify(pageOf([eventOf('big', undefined, { padding: 'x'.repeat(120_000) })]))
  foundation.events = drip(big, 20, 2000)
  const startedAt = systemClock.monotonic()
  const { resources } = await patient.auditEvents(window, never)
  assert.equal(resources.length, 1)
  assert.ok(systemClock.monotonic() - startedAt > 1000, 'longer than both limits')
})

test('25 MB in one page arrive, plain and zipped, each event byte for byte', {
  timeout: 30_000,
}, async () => {
  const roomy = client({ bodyBytesMax: 64 * 1024 * 1024, requestTimeoutMs: 10_000, standstillMs: 5000 })
  const data = '{"n":12345678901234567890,"manifest":"'.concat('é'.repeat(350_000), '"}')
  const events = Array.from(
    { length: 36 },
    (_, i) => `{"guid":"g${i}","created_at":"2026-01-01T00:00:00Z","data":${data}}`,
  )
  const body = Buffer.from(`{"pagination":{"total_results":36},"resources":[${events.join(',')}]}`)
  assert.ok(body.length > 25_000_000)
  for (const script of [
    (_: unknown, response: Parameters<Script>[1]) => response.writeHead(200).end(body),
    gzip(gzipSync(body, { level: 1 })),
  ]) {
    foundation.events = script as Script
    const page = await roomy.auditEvents(window, never)
    assert.equal(page.bytes, body.length)
    assert.equal(page.resources.length, 36)
    assert.ok(page.resources.every(({ dataText }) => dataText === data))
  }
})
