import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { CredentialsError, RefusedError, ServerError, UnreachableError } from './errors.ts'
import { certificateAuthority } from './testing/certificates.ts'
import { TokenEndpoint, type TokenEndpointOptions } from './token-endpoint.ts'

const secret = 'p%ss:wörd-secret'

/** A token endpoint over TLS that gives these answers in turn, and the last one for ever. */
async function endpointOf(
  t: TestContext,
  answers: readonly (readonly [status: number, body: unknown])[],
  changes: Partial<TokenEndpointOptions> = {},
) {
  const authority = await certificateAuthority()
  t.after(() => authority.remove())
  const forms: URLSearchParams[] = []
  const listener: RequestListener = async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const [status, answer] = answers[Math.min(forms.length, answers.length - 1)] ?? [500, {}]
    forms.push(new URLSearchParams(body))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }
  const server = createServer(await authority.issue('IP:127.0.0.1'), listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const warnings: string[] = []
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + aheadMs }
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/oauth/token`
  const options: TokenEndpointOptions = {
    url,
    clientId: 'drain',
    clientSecret: () => secret,
    scope: 'kafka',
    audience: 'brokers',
    caFile: authority.file,
    requestTimeoutMs: 2_000,
    ...changes,
  }
  const endpoint = new TokenEndpoint(options, { clock, onWarning: text => warnings.push(text), env: {} })
  t.after(() => endpoint.close())
  const wait = (ms: number) => {
    aheadMs += ms
  }
  return { endpoint, forms, warnings, wait }
}

const issued = (token: string) => [200, { access_token: token, expires_in: 600 }] as const

test('a token is asked for once, kept, and renewed a minute before it expires', async t => {
  const { endpoint, forms, wait } = await endpointOf(t, [issued('first'), issued('second')])
  const tokens = await Promise.all([endpoint.token(), endpoint.token()])
  assert.deepEqual(
    tokens.map(({ accessToken }) => accessToken),
    ['first', 'first'],
  )
  wait(530_000)
  assert.equal((await endpoint.token()).accessToken, 'first')
  wait(20_000)
  assert.equal((await endpoint.token()).accessToken, 'second')
  assert.deepEqual(Object.fromEntries(forms[0] ?? []), {
    grant_type: 'client_credentials',
    client_id: 'drain',
    client_secret: secret,
    scope: 'kafka',
    audience: 'brokers',
  })
  assert.equal(forms.length, 2)
})

test('a failure of a moment is not seen; a longer one is, unless the token before is still good', async t => {
  const { endpoint, warnings, wait } = await endpointOf(t, [[503, {}], issued('first'), [503, {}]])
  assert.equal((await endpoint.token()).accessToken, 'first')
  wait(550_000)
  assert.equal((await endpoint.token()).accessToken, 'first')
  assert.match(warnings.join(), /token endpoint at https:.* answered 503.*; the token before it is used/)
  wait(50_000)
  await assert.rejects(endpoint.token(), ServerError)
})

test('what it refuses is told with what to correct, and without the secret', async t => {
  const said = { error: 'invalid_client', error_description: `no client with ${secret}` }
  const { endpoint } = await endpointOf(t, [
    [401, said],
    [400, { error: 'invalid_scope' }],
  ])
  await assert.rejects(endpoint.token(), error => {
    assert.ok(error instanceof CredentialsError)
    assert.match(error.message, /^token endpoint at .* client "drain".*correct clientId and clientSecret/)
    assert.doesNotMatch(error.message, /wörd/)
    return true
  })
  await assert.rejects(endpoint.token(), error => {
    assert.ok(error instanceof RefusedError)
    assert.match(error.message, /400 invalid_scope\): check url, scope and audience/)
    return true
  })
})

test('a server whose certificate is not trusted gets no secret', async t => {
  const { endpoint, forms } = await endpointOf(t, [issued('x')], { caFile: null })
  await assert.rejects(endpoint.token(), error => {
    assert.ok(error instanceof UnreachableError)
    assert.match(error.message, /CA that is not trusted.*set caFile/)
    return true
  })
  assert.equal(forms.length, 0)
})
