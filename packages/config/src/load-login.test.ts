import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { good, told } from './loading-for-tests.ts'

const api = 'CF_API'
const url = 'https://api.sys.example.com'
const foundationOf = (env: Record<string, string>) => {
  const [one] = good(undefined, { [api]: url, ...env }).foundations
  return one ?? assert.fail()
}

test('a user needs no client: cf logs them in, whose secret is empty', () => {
  const one = foundationOf({ CF_LOGIN_USERNAME: 'bob@example.com', CF_LOGIN_PASSWORD: 'pw-of-bob' })
  assert.deepEqual([one.clientId, one.clientSecret.reveal()], ['cf', ''])
  assert.ok(one.login?.kind === 'password')
  assert.deepEqual(
    [one.login.username, one.login.password.reveal(), one.login.passwordFile],
    ['bob@example.com', 'pw-of-bob', null],
  )
  assert.ok(!inspect(one, { depth: 9 }).includes('pw-of-bob'))
  assert.ok(!JSON.stringify(one).includes('pw-of-bob'))
})

test('a password and a refresh token come from files as other secrets do', () => {
  const password = foundationOf({ CF_LOGIN_USERNAME: 'bob', CF_LOGIN_PASSWORD_FILE: '/secret' }).login
  assert.ok(password?.kind === 'password')
  assert.deepEqual([password.password.reveal(), password.passwordFile], ['from-a-file', '/secret'])
  const refresh = foundationOf({ CF_REFRESH_TOKEN_FILE: '/secret' }).login
  assert.ok(refresh?.kind === 'refresh-token')
  assert.deepEqual([refresh.refreshToken.reveal(), refresh.refreshTokenFile], ['from-a-file', '/secret'])
  const own = foundationOf({ CF_REFRESH_TOKEN: 'r', CF_CLIENT_ID: 'mine', CF_CLIENT_SECRET: 's' })
  assert.deepEqual([own.clientId, own.clientSecret.reveal(), own.login?.kind], ['mine', 's', 'refresh-token'])
})

test('a client speaks for itself as before, and v3 or v2 is found out', () => {
  const one = foundationOf({ CF_CLIENT_ID: 'drain', CF_CLIENT_SECRET: 's3cr3t' })
  assert.deepEqual([one.login, one.apiVersion], [null, 'auto'])
  const v2 = foundationOf({ CF_CLIENT_ID: 'drain', CF_CLIENT_SECRET: 's', CF_API_VERSION: 'v2' })
  assert.equal(v2.apiVersion, 'v2')
})

test('two ways to log in, half a way, or none are said, all at once and without a secret', () => {
  const faults = (env: Record<string, string>) => told(undefined, { [api]: url, ...env }).join('\n')
  assert.match(faults({}), /CF_CLIENT_ID \| {2}\| is not set.*\n.*CF_CLIENT_SECRET \| {2}\| is not set/)
  assert.match(
    faults({ CF_LOGIN_USERNAME: 'bob' }),
    /CF_LOGIN_PASSWORD \| {2}\| is not set.*CF_LOGIN_PASSWORD_FILE/,
  )
  const orphan = faults({ CF_LOGIN_PASSWORD: 'pw-of-bob' })
  assert.match(orphan, /username \| is missing: there is a password/)
  assert.ok(!orphan.includes('pw-of-bob'))
  const both = faults({ CF_LOGIN_USERNAME: 'b', CF_LOGIN_PASSWORD: 'p', CF_REFRESH_TOKEN: 'tok-of-bob' })
  assert.match(both, /refreshToken \| is given beside username or password/)
  assert.ok(!both.includes('tok-of-bob'))
  assert.match(
    faults({ CF_REFRESH_TOKEN: 'x', CF_REFRESH_TOKEN_FILE: '/secret' }),
    /refreshTokenFile \| is given beside refreshToken/,
  )
  assert.match(faults({ CF_REFRESH_TOKEN_FILE: '/nowhere' }), /names a file that cannot be read: \/nowhere/)
})
