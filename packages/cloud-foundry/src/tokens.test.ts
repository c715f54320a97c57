import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { CloudFoundryError, CredentialsError } from './errors.ts'
import { never, secret } from './testing/client-of.ts'
import { foundationPerTest } from './testing/foundation-per-test.ts'
import { ManualClock } from './testing/manual-clock.ts'
import {
  ccError,
  globalAuditor,
  hang,
  html,
  json,
  type Script,
  tokenOf,
} from './testing/scripted-foundation.ts'
import { until } from './testing/until.ts'
import { TokenKeeper } from './token-keeper.ts'

const refused = ccError(401, 1000, 'CF-InvalidAuthToken', 'Invalid Auth Token')
const window = { fromSec: 1_795_000_000 }

const fresh = foundationPerTest({ requestTimeoutMs: 300, retry: { tries: 2 } })

test('client id and secret go in the form, so that no character of a secret can be misread', async () => {
  await fresh.client().countAuditEvents(window, never)
  const asked = fresh.foundation.requests.find(({ url }) => url === '/oauth/token')
  const form = new URLSearchParams(asked?.body)
  assert.equal(form.get('grant_type'), 'client_credentials')
  assert.equal(form.get('client_id'), 'cf-audit-drain')
  assert.equal(form.get('client_secret'), secret)
  assert.equal(asked?.headers.authorization, undefined)
})

test('a refused token in mid-run is renewed once and the request repeated, without waiting', async () => {
  const controller = fresh.client({ retry: { tries: 1 } })
  await controller.countAuditEvents(window, never)
  fresh.foundation.next.push(refused)
  await controller.countAuditEvents(window, never)
  assert.equal(fresh.foundation.requestsOf('/oauth/token'), 2)
  const used = fresh.foundation.requests
    .filter(({ url }) => url.startsWith('/v3'))
    .map(({ headers }) => headers.authorization)
  assert.equal(used[0], used[1])
  assert.notEqual(used[1], used[2])
})

test('many requests share one token request, also when the token is refused to all of them', async () => {
  const controller = fresh.client()
  fresh.foundation.next.push(refused, refused)
  await Promise.all(Array.from({ length: 10 }, () => controller.countAuditEvents(window, never)))
  assert.equal(fresh.foundation.requestsOf('/oauth/token'), 2)
  assert.equal(fresh.foundation.requestsOf('/'), 1)
})

test('a caller that gives up does not take the token from the others', async () => {
  const controller = fresh.client({ requestTimeoutMs: 5000 })
  let answer = () => {}
  fresh.foundation.token = (request, response, body) => {
    answer = () => json(200, tokenOf([globalAuditor]))(request, response, body)
  }
  const impatient = new AbortController()
  const first = controller.countAuditEvents(window, impatient.signal)
  const second = controller.countAuditEvents(window, never)
  await until(() => fresh.foundation.requestsOf('/oauth/token') === 1, 'a token request')
  impatient.abort(new Error('no more'))
  await assert.rejects(first, /no more/)
  answer()
  assert.equal(await second, 0)
  assert.equal(fresh.foundation.requestsOf('/oauth/token'), 1)
})

test('a secret from a function is asked for at each token request', async () => {
  const secrets = ['first', 'second']
  const controller = fresh.client({ clientSecret: async () => secrets.shift() ?? 'none left' })
  fresh.foundation.next.push(refused)
  await controller.countAuditEvents(window, never)
  const sent = fresh.foundation.requests
    .filter(({ url }) => url === '/oauth/token')
    .map(({ body }) => new URLSearchParams(body).get('client_secret'))
  assert.deepEqual(sent, ['first', 'second'])
})

test('a secret that cannot be read is said without what the reader said', async () => {
  const controller = fresh.client({
    clientSecret: () => {
      throw Object.assign(new Error(`cannot open ${secret}`), { code: 'ENOENT' })
    },
  })
  await assert.rejects(controller.countAuditEvents(window, never), (error: Error) => {
    assert.ok(error instanceof CredentialsError)
    assert.match(error.message, /cannot be read \(ENOENT\)/)
    assert.ok(!inspect(error).includes(secret))
    return true
  })
})

/** What UAA does, the error's class, whether it is repeated, a word of its sentence. */
const troubles: readonly (readonly [string, Script, string, boolean, RegExp])[] = [
  [
    'wrong secret',
    json(401, { error: 'unauthorized', error_description: 'Bad credentials' }),
    'CredentialsError',
    false,
    /uaac client add cf-audit-drain --authorized_grant_types client_credentials/,
  ],
  [
    'newer wrong secret',
    json(401, { error: 'invalid_client', error_description: 'Bad client credentials' }),
    'CredentialsError',
    false,
    /does not know client/,
  ],
  [
    'wrong grant type',
    json(401, { error: 'invalid_client', error_description: 'Unauthorized grant type: client_credentials' }),
    'CredentialsError',
    false,
    /uaac client update cf-audit-drain --authorized_grant_types/,
  ],
  [
    'invalid scope',
    json(400, { error: 'invalid_scope', error_description: 'nothing' }),
    'RefusedError',
    false,
    /invalid_scope/,
  ],
  ['a web page', html(200), 'BrokenAnswerError', true, /without a token/],
  ['not found', html(404), 'NotCloudControllerError', false, /is no UAA/],
  [
    'redirect',
    html(302, { location: 'https://login.example.com/' }),
    'NotCloudControllerError',
    false,
    /is no UAA/,
  ],
  ['500', json(500, { error: 'server_error' }), 'ServerError', true, /UAA at .* answered 500/],
  ['503 of the router', html(503), 'ServerError', true, /UAA at .* answered 503/],
  ['429', json(429, { error: 'too_many' }, { 'retry-after': '0' }), 'RateLimitedError', true, /UAA at .*429/],
  ['hang', hang, 'UnreachableError', true, /UAA at .* no answer/],
  ['reset', request => request.socket.resetAndDestroy(), 'UnreachableError', true, /UAA at .* closed/],
  [
    'token with a line break',
    json(200, { access_token: 'a\r\nX-Evil: 1', expires_in: 60 }),
    'BrokenAnswerError',
    true,
    /without a token/,
  ],
  ['token for ever', json(200, { access_token: 'abc' }), 'BrokenAnswerError', true, /lifetime/],
  [
    'secret echoed',
    json(401, { error: 'unauthorized', error_description: `Bad credentials ${secret}` }),
    'CredentialsError',
    false,
    /\*\*\*/,
  ],
]

for (const [what, script, name, retried, sentence] of troubles) {
  test(`UAA: ${what} is a ${name}, ${retried ? 'repeated' : 'not repeated'}`, async () => {
    fresh.foundation.token = script
    await assert.rejects(fresh.client().countAuditEvents(window, never), (error: Error) => {
      assert.ok(error instanceof CloudFoundryError, inspect(error))
      assert.equal(error.name, name, error.message)
      assert.equal(error.end, 'UAA')
      assert.match(error.message, sentence)
      assert.ok(!inspect(error, { depth: 10 }).includes(secret))
      return true
    })
    assert.equal(fresh.foundation.requestsOf('/oauth/token'), retried ? 2 : 1)
    assert.equal(fresh.foundation.requestsOf('/v3/audit_events'), 0)
  })
}

test('UAA down and back again: the request waits for it', async () => {
  const controller = fresh.client({ retry: { tries: 3 } })
  const right = fresh.foundation.token
  let times = 0
  fresh.foundation.token = (request, response, body) => {
    if (++times < 3) html(503)(request, response, body)
    else right(request, response, body)
  }
  assert.equal(await controller.countAuditEvents(window, never), 0)
})

test('a token is renewed 60 s before it expires, a short one at half its life, by the monotonic clock', async () => {
  const clock = new ManualClock()
  for (const [expiresInSec, renewAtSec] of [
    [600, 540],
    [120, 60],
    [30, 15],
  ] as const) {
    let asked = 0
    const keeper = new TokenKeeper(clock, async () => ({
      accessToken: `t${++asked}`,
      expiresInSec,
      scopes: [],
      refreshToken: null,
      userName: null,
      subject: null,
    }))
    await keeper.get(never)
    clock.advance(renewAtSec * 1000 - 1)
    assert.equal((await keeper.get(never)).accessToken, 't1')
    clock.advance(1)
    assert.equal((await keeper.get(never)).accessToken, 't2')
  }
})
