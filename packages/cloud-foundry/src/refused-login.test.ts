import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drivenClock } from '@cf-audit-drain/pipeline'
import { CredentialsError } from './errors.ts'
import { never } from './testing/client-of.ts'
import { foundationPerTest } from './testing/foundation-per-test.ts'
import { globalAuditor, json, type Script, tokenOf } from './testing/scripted-foundation.ts'

/**
 * Goal: a password is held back when it may have been refused itself, and not for what is wrong with the client.
 * Method: a UAA that answers as UAAs of different ages do. Older ones say "unauthorized" of a client, too.
 */
const scripted = foundationPerTest({ retry: { tries: 1 } })
const saying = (status: number, error: string, error_description = 'Bad credentials') =>
  json(status, { error, error_description })
const login = { kind: 'password', username: 'bob', password: 'pw-of-bob' } as const

function scene(password: () => string = () => login.password) {
  const clock = drivenClock()
  let clientSecret = 'secret-1'
  const client = scripted.client(
    { clientId: 'ours', clientSecret: () => clientSecret, login: { ...login, password } },
    { clock },
  )
  const asked = () => scripted.foundation.requestsOf('/oauth/token')
  return {
    clock,
    asked,
    count: () => client.countAuditEvents({ fromSec: 0 }, never),
    changeSecret: () => {
      clientSecret = 'secret-2'
    },
  }
}
const right: Script = json(200, { ...tokenOf([globalAuditor]), refresh_token: 'refresh-1' })

for (const [status, error] of [
  [401, 'invalid_client'],
  [401, 'unauthorized_client'],
  [400, 'unsupported_grant_type'],
  [400, 'invalid_request'],
  [400, 'invalid_scope'],
] as const)
  test(`${error} is no fault of the password, which is tried again at once`, async () => {
    const { count, asked } = scene()
    scripted.foundation.token = saying(status, error)
    await assert.rejects(count(), CredentialsError)
    await assert.rejects(count(), CredentialsError)
    assert.equal(asked(), 2)
    scripted.foundation.token = right
    assert.equal(await count(), 0)
  })

for (const [status, error] of [
  [401, 'unauthorized'],
  [400, 'invalid_grant'],
  [401, 'access_denied'],
] as const)
  test(`${error} may be the password's fault, which is held back`, async () => {
    const { count, asked, clock } = scene()
    scripted.foundation.token = saying(status, error)
    await assert.rejects(count(), CredentialsError)
    await assert.rejects(count(), /tried again in 15 min/)
    assert.equal(asked(), 1)
    clock.advance(15 * 60_000)
    scripted.foundation.token = right
    assert.equal(await count(), 0)
  })

test("of an old UAA, which does not tell, a changed client's secret is tried at once", async () => {
  const { count, asked, changeSecret } = scene()
  scripted.foundation.token = saying(401, 'unauthorized')
  await assert.rejects(count(), CredentialsError)
  changeSecret()
  scripted.foundation.token = right
  assert.equal(await count(), 0)
  assert.equal(asked(), 2)
})

test('a wrong client is said to be wrong, not the user', async () => {
  const { count } = scene()
  scripted.foundation.token = saying(401, 'invalid_client')
  await assert.rejects(count(), /does not know client "ours" with this secret.*nothing is said of user "bob"/)
})

test('a refresh token outlives a refusal of the client', async () => {
  const { count, clock, asked } = scene()
  scripted.foundation.token = right
  await count()
  clock.advance(43_199_000)
  scripted.foundation.token = saying(401, 'invalid_client')
  await assert.rejects(count(), CredentialsError)
  assert.equal(asked(), 2)
  scripted.foundation.token = right
  await count()
  assert.match(
    scripted.foundation.requests.findLast(({ url }) => url === '/oauth/token')?.body ?? '',
    /refresh-1/,
  )
})
