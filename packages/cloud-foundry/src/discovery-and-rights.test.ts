import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { CloudController } from './cloud-controller.ts'
import { CloudFoundryError, CredentialsError, RefusedUrlError } from './errors.ts'
import { never } from './testing/client-of.ts'
import { foundationPerTest } from './testing/foundation-per-test.ts'
import {
  ccError,
  html,
  json,
  rootOf,
  type Script,
  scriptedFoundation,
  tokenOf,
} from './testing/scripted-foundation.ts'

const fresh = foundationPerTest({ retry: { tries: 1 } })

test('discovery gives UAA, login, the version and whether v2 is on', async () => {
  const { origin } = fresh.foundation
  const off = { api: origin, uaa: origin, login: origin, v3Version: '3.228.0', v2: false, auditEvents: 'v3' }
  assert.deepEqual(await fresh.client().discover(never), off)
  const { links } = rootOf(origin)
  fresh.foundation.root = json(200, { links: { ...links, cloud_controller_v2: { href: `${origin}/v2` } } })
  assert.deepEqual(await fresh.client().discover(never), { ...off, v2: true })
})

/** What answers at the URL, and a word of the sentence. */
const strangers: readonly (readonly [string, Script, string, RegExp])[] = [
  [
    'a web page',
    html(200),
    'NotCloudControllerError',
    /answered 200 with text\/html; api must be the URL that `cf api` prints/,
  ],
  [
    'nothing of that name at the router',
    html(404, { 'x-cf-routererror': 'unknown_route' }),
    'NotCloudControllerError',
    /router has no route/,
  ],
  [
    'a redirect to login',
    html(302, { location: 'https://login.sys.example.com/x' }),
    'NotCloudControllerError',
    /redirects to https:\/\/login\.sys\.example\.com \(302\)/,
  ],
  [
    'a UAA',
    json(200, { app: { version: '77' }, zone_name: 'uaa', prompts: {} }),
    'NotCloudControllerError',
    /is a UAA or login server/,
  ],
  [
    'Korifi',
    json(200, {
      links: { cloud_controller_v3: { href: 'x', meta: { version: '3.117.0+cf-k8s' } } },
      cf_on_k8s: true,
    }),
    'NotCloudControllerError',
    /is Korifi, which has no audit events/,
  ],
  ['some JSON', json(200, { hello: 1 }), 'NotCloudControllerError', /is no Cloud Controller/],
  [
    'JSON cut short',
    (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"links":{'),
    'BrokenAnswerError',
    /not whole JSON/,
  ],
  [
    'a Cloud Controller without UAA',
    json(200, { links: { cloud_controller_v3: { href: 'x', meta: { version: '3.1.0' } } } }),
    'NotCloudControllerError',
    /names no UAA/,
  ],
  [
    'a UAA link over plain http',
    json(200, { links: { ...rootOf('http://uaa.example.com').links } }),
    'RefusedUrlError',
    /UAA at http:\/\/uaa\.example\.com is plain http/,
  ],
  [
    'a UAA link that is no URL',
    json(200, { links: { ...rootOf('javascript:1').links } }),
    'RefusedUrlError',
    /is not a URL of UAA/,
  ],
]

for (const [what, script, name, sentence] of strangers) {
  test(`${what} at the API's URL is said in one sentence, and gets no secret`, async () => {
    fresh.foundation.root = script
    for (const ask of [
      (one: CloudController) => one.discover(never),
      (one: CloudController) => one.countAuditEvents({ fromSec: 0 }, never),
    ]) {
      await assert.rejects(ask(fresh.client()), (error: Error) => {
        assert.ok(error instanceof CloudFoundryError, inspect(error))
        assert.equal(error.name, name, error.message)
        assert.match(error.message, sentence)
        return true
      })
    }
    assert.equal(fresh.foundation.requestsOf('/oauth/token'), 0)
  })
}

test('a configured UAA is used instead of the one named, and asks for no discovery', async () => {
  const uaa = await scriptedFoundation()
  try {
    await fresh.client({ uaa: uaa.origin }).countAuditEvents({ fromSec: 0 }, never)
    assert.equal(uaa.requestsOf('/oauth/token'), 1)
    assert.equal(fresh.foundation.requestsOf('/oauth/token'), 0)
    assert.equal(fresh.foundation.requestsOf('/'), 0)
  } finally {
    await uaa.close()
  }
})

test('a UAA that has moved is found again', async () => {
  const old = await scriptedFoundation()
  fresh.foundation.root = json(200, rootOf(old.origin))
  const controller = fresh.client({ retry: { tries: 3 } })
  await controller.discover(never)
  await old.close()
  fresh.foundation.root = json(200, rootOf(fresh.foundation.origin))
  assert.equal(await controller.countAuditEvents({ fromSec: 0 }, never), 0)
})

test('plain http beyond this machine is refused before anything is connected, unless insecure', () => {
  for (const options of [
    { api: 'http://api.sys.example.com' },
    { api: 'https://api.x', uaa: 'http://10.0.0.1:8080' },
  ])
    assert.throws(
      () => fresh.client(options),
      (error: Error) =>
        error instanceof RefusedUrlError && /write https:\/\/, or set insecure: true/.test(error.message),
    )
  assert.doesNotThrow(() => fresh.client({ api: 'http://api.sys.example.com', insecure: true }))
  for (const api of ['http://localhost:1', 'http://127.9.9.9', 'http://[::1]:8080', 'https://api.x.com/'])
    assert.doesNotThrow(() => fresh.client({ api }))
})

test('an api that is no plain https URL is refused, without being quoted where it may hold a password', () => {
  for (const api of [
    '',
    'api.sys.example.com',
    'ftp://x',
    'https://mr:pw-in-url@x',
    'https://x?token=pw-in-url',
    'https://x#pw-in-url',
  ])
    assert.throws(
      () => fresh.client({ api }),
      (error: Error) => error instanceof RefusedUrlError && !error.message.includes('pw-in-url'),
      api,
    )
})

test('rights say what is seen, what is missing and what to do', async () => {
  const cases: readonly (readonly [readonly string[], string, RegExp])[] = [
    [['cloud_controller.global_auditor'], 'everything', /rate limiter.*admin_read_only is exempt/],
    [
      ['cloud_controller.admin_read_only', 'openid'],
      'everything',
      /sees everything \(cloud_controller\.admin_read_only\)/,
    ],
    [['cloud_controller.admin'], 'everything', /may also change everything/],
    [
      ['cloud_controller.read', 'openid'],
      'subset',
      /only events of the spaces.*cloud_controller\.read, openid but none of.*--authorities cloud_controller\.read,openid,cloud_controller\.global_auditor/,
    ],
  ]
  for (const [scopes, sees, sentence] of cases) {
    fresh.foundation.token = json(200, tokenOf(scopes))
    const rights = await fresh.client().rights(never)
    assert.equal(rights.sees, sees)
    assert.deepEqual(rights.scopes, [...scopes].sort())
    assert.equal(rights.missing, sees === 'everything' ? null : 'cloud_controller.global_auditor')
    assert.match(rights.sentence, sentence)
  }
  fresh.foundation.token = json(200, tokenOf(['uaa.none']))
  fresh.foundation.events = ccError(403, 10003, 'CF-NotAuthorized', 'You are not authorized')
  const none = await fresh.client().rights(never)
  assert.equal(none.sees, 'nothing')
  assert.match(
    none.sentence,
    /sees no audit event: its token has uaa\.none; .*--authorities cloud_controller\.global_auditor`/,
  )
})

test("scopes are read from an opaque token's answer too", async () => {
  fresh.foundation.token = json(200, {
    access_token: 'opaque',
    expires_in: 60,
    scope: 'a.b cloud_controller.admin_read_only',
  })
  assert.deepEqual((await fresh.client().rights(never)).scopes, ['a.b', 'cloud_controller.admin_read_only'])
})

test('rights of a client whose token Cloud Controller refuses is an error, not "nothing"', async () => {
  fresh.foundation.events = ccError(401, 1000, 'CF-InvalidAuthToken', 'Invalid Auth Token')
  await assert.rejects(fresh.client().rights(never), CredentialsError)
})
