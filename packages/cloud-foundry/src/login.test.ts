import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { type SimulatorOptions, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { drivenClock } from '@cf-audit-drain/pipeline'
import type { CloudController } from './cloud-controller.ts'
import { CredentialsError } from './errors.ts'
import type { FoundationOptions, UserLogin } from './options.ts'
import { clientOf, never } from './testing/client-of.ts'

const bob = {
  name: 'bob@example.com',
  password: 'pa%ss:wörd-of-bob',
  guid: 'b0b',
  scopes: ['cloud_controller.read', 'openid'],
}

/** A foundation and clients of it on one clock that the test moves. */
async function scene(t: TestContext, simulator: SimulatorOptions = {}) {
  const clock = drivenClock()
  const foundation = await startFoundation({ clock, users: [bob], tokenLifetimeSec: 600, ...simulator })
  const clients: CloudController[] = []
  t.after(async () => {
    await Promise.all(clients.map(one => one.close()))
    await foundation.close()
  })
  const warnings: string[] = []
  const clientFor = (login: UserLogin | undefined, options: Partial<FoundationOptions> = {}) => {
    const made = clientOf(
      foundation.api,
      {
        ...(login === undefined
          ? { clientId: foundation.clientId, clientSecret: foundation.clientSecret }
          : { clientId: 'cf', clientSecret: '', login }),
        retry: { tries: 1 },
        ...options,
      },
      { clock, onWarning: ({ message }) => warnings.push(message) },
    )
    clients.push(made)
    return made
  }
  const tokensAsked = () => foundation.requests.byPath.get('/oauth/token') ?? 0
  return { clock, foundation, clientFor, tokensAsked, warnings }
}

const count = (client: CloudController) => client.countAuditEvents({ fromSec: 0 }, never)
const byPassword = (password: string | (() => string)): UserLogin => ({
  kind: 'password',
  username: bob.name,
  password,
})

async function refused(attempt: Promise<unknown>, sentence: RegExp, ...secrets: string[]) {
  await assert.rejects(attempt, error => {
    assert.ok(error instanceof CredentialsError, inspect(error))
    assert.match(error.message, sentence)
    for (const secret of secrets) assert.ok(!inspect(error, { depth: 9 }).includes(secret))
    return true
  })
}

test('a user logs in by password, for whom the client cf asks, and the token is renewed before it expires', async t => {
  const { clientFor, clock, tokensAsked } = await scene(t)
  const client = clientFor(byPassword(bob.password))
  assert.equal(await count(client), 0)
  const { name, kind, grant } = client.identity
  assert.deepEqual([name, kind, grant], [bob.name, 'user', 'password'])
  clock.advance(545_000)
  await count(client)
  assert.equal(tokensAsked(), 2)
})

test('a wrong password is said without it, and not tried again until it changes or a quarter of an hour is over', async t => {
  const { clientFor, clock, tokensAsked } = await scene(t)
  let password = 'not-the-one'
  const client = clientFor(byPassword(() => password))
  await refused(count(client), /does not let user "bob@example\.com" log in.*Bad credentials/, password)
  await refused(count(client), /tried again in 15 min, or once it has changed/, password)
  assert.equal(tokensAsked(), 1)
  clock.advance(15 * 60_000)
  await refused(count(client), /does not let user/, password)
  assert.equal(tokensAsked(), 2)
  password = bob.password
  assert.equal(await count(client), 0)
})

test('whether a refused login has changed is told by its secrets, and by a token that came', async t => {
  const { clientFor } = await scene(t)
  let password = 'not-the-one'
  const client = clientFor(byPassword(() => password))
  await refused(count(client), /does not let user/)
  assert.equal(await client.isLoginChanged(), false)
  password = 'nor-this-one'
  assert.equal(await client.isLoginChanged(), true)
  await refused(count(client), /does not let user/)
  assert.equal(await client.isLoginChanged(), false)
  password = bob.password
  await count(client)
  assert.equal(await client.isLoginChanged(), true)
})

test('a password is sent once: what renews the token is the refresh token that came for it, until that is refused', async t => {
  const { clientFor, clock, foundation, tokensAsked } = await scene(t, { rotateRefreshTokens: true })
  let password = bob.password
  const client = clientFor(byPassword(() => password))
  await count(client)
  for (let renewal = 2; renewal <= 12; renewal++) {
    clock.advance(545_000)
    await count(client)
    assert.equal(tokensAsked(), renewal)
  }
  foundation.revokeRefreshTokens()
  clock.advance(545_000)
  await count(client)
  assert.equal(tokensAsked(), 14)
  // One that was changed is tried at once.
  password = 'another-one'
  clock.advance(600_000)
  await refused(count(client), /does not let user "bob@example\.com" log in/, password, bob.password)
})

test('a refresh token that is exchanged for another at each use is followed in memory', async t => {
  const { clientFor, clock, foundation, tokensAsked } = await scene(t, { rotateRefreshTokens: true })
  const first = foundation.refreshToken(bob.guid)
  const login: UserLogin = { kind: 'refresh-token', refreshToken: first }
  const client = clientFor(login)
  for (let renewal = 1; renewal <= 12; renewal++) {
    assert.equal(await count(client), 0)
    assert.equal(tokensAsked(), renewal)
    clock.advance(545_000)
  }
  assert.equal(client.identity.name, bob.name)
  // What a restart has is what is configured.
  await refused(count(clientFor(login)), /does not take the refresh token.*cf login/, first)
})

test('a refresh token that somebody renewed by `cf login` is taken from the file of the cf CLI', async t => {
  const { clientFor, clock, foundation } = await scene(t, { rotateRefreshTokens: true })
  let file = JSON.stringify({ RefreshToken: foundation.refreshToken(bob.guid), Target: foundation.api })
  const client = clientFor({ kind: 'refresh-token', refreshToken: () => file })
  assert.equal(await count(client), 0)
  foundation.revokeRefreshTokens()
  clock.advance(600_000)
  await refused(count(client), /cf login/, file)
  file = JSON.stringify({ RefreshToken: foundation.refreshToken(bob.guid) })
  assert.equal(await count(client), 0)
  clock.advance(600_000)
  assert.equal(await count(client), 0)
  file = '{"RefreshToken":""}'
  clock.advance(600_000)
  await refused(count(client), /is not there: give it itself, or the config\.json/)
  for (const wrong of ['root:x:0:0:root:/root:/bin/sh\nbob:x:1:1::/:/bin/sh\n', '["a token"]']) {
    file = wrong
    clock.advance(600_000)
    await refused(count(client), /is no token: what `refreshToken` gives/, wrong)
  }
})

test('a token that was exchanged and is refused gives way to the configured one', async t => {
  const { clientFor, clock, foundation, tokensAsked } = await scene(t, { rotateRefreshTokens: true })
  const configured = foundation.refreshToken(bob.guid)
  const client = clientFor({ kind: 'refresh-token', refreshToken: configured })
  await count(client)
  foundation.revokeRefreshTokens()
  clock.advance(600_000)
  await refused(count(client), /cf login/, configured)
  assert.equal(tokensAsked(), 3)
})

test('while UAA is away the token goes on being used until it expires, and that is told', async t => {
  const { clientFor, clock, foundation, warnings } = await scene(t)
  const client = clientFor(undefined)
  await count(client)
  const away = foundation.uaaAway(600_000)
  clock.advance(545_000)
  assert.equal(await count(client), 0)
  assert.match(warnings.join(), /UAA .*; the token before it is used as long as it is good/)
  clock.advance(55_000)
  await assert.rejects(count(client), { name: 'UnreachableError' })
  await assert.rejects(count(client), { name: 'UnreachableError' })
  // Its sleep began when its connections were closed.
  clock.advance(600_000)
  await away
  assert.equal(await count(client), 0)
})

test('the rights of a user name the roles that show events, and what to do', async t => {
  const { clientFor, foundation } = await scene(t)
  foundation.setMemberships(bob.guid, { spaces: ['s2', 's1'], organizations: ['o1'] })
  const rights = await clientFor(byPassword(bob.password)).rights(never)
  assert.deepEqual(rights.roles, ['organization_auditor o1', 'space_auditor s1', 'space_auditor s2'])
  assert.equal(rights.sees, 'subset')
  assert.match(
    rights.sentence,
    /user "bob@example\.com" sees only events of 2 spaces and 1 organization it has a role in.*uaac member add cloud_controller\.global_auditor bob@example\.com.*cf set-space-role bob@example\.com ORG SPACE SpaceAuditor/,
  )
  foundation.setScopes(bob.guid, ['cloud_controller.global_auditor'])
  const wider = await clientFor(byPassword(bob.password)).rights(never)
  assert.deepEqual([wider.sees, wider.roles], ['everything', null])
})

test('each token is told of before it is used, and a fresh one comes when it is asked for', async t => {
  const { clientFor, foundation } = await scene(t)
  const client = clientFor(undefined)
  const told: string[] = []
  const end = client.onScopes(scopes => told.push(scopes.join()))
  await client.rights(never)
  foundation.setScopes(foundation.clientId, ['cloud_controller.read'])
  assert.equal((await client.rights(never)).sees, 'everything')
  assert.equal((await client.rights(never, { fresh: true })).sees, 'subset')
  end()
  await client.rights(never, { fresh: true })
  assert.deepEqual(told, ['cloud_controller.global_auditor', 'cloud_controller.read'])
})
