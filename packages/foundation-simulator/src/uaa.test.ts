import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Foundation, startFoundation } from './foundation.ts'
import { ManualClock } from './manual-clock.ts'

const clock = new ManualClock(Date.parse('2026-11-22T10:00:00Z'))
const client = { id: 'a client', secret: 'p+ss:w rd/%', scopes: ['cloud_controller.global_auditor'] }
let foundation: Foundation
before(async () => {
  foundation = await startFoundation({ clock, clients: [client], tokenLifetimeSec: 600 })
})
after(() => foundation.close())

interface TokenAnswer {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly scope: string
  readonly error?: string
  readonly error_description?: string
}

async function askForToken(
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: TokenAnswer }> {
  const body = new URLSearchParams(form)
  const answer = await fetch(`${foundation.uaa}/oauth/token`, { method: 'POST', body, headers })
  return { status: answer.status, body: (await answer.json()) as TokenAnswer }
}

async function statusWith(token: string): Promise<number> {
  const headers = { authorization: `bearer ${token}` }
  const answer = await fetch(`${foundation.api}/v3/audit_events`, { headers })
  await answer.arrayBuffer()
  return answer.status
}

const grant = { grant_type: 'client_credentials' }

test('credentials in the form are taken', async () => {
  const { status, body } = await askForToken({ ...grant, client_id: client.id, client_secret: client.secret })
  assert.equal(status, 200)
  const { token_type, expires_in, scope } = body
  assert.deepEqual([token_type, expires_in, scope], ['bearer', 600, 'cloud_controller.global_auditor'])
  assert.equal(await statusWith(body.access_token), 200)
})

test('credentials as Basic are taken form-encoded, as RFC 6749 §2.3.1 asks', async () => {
  const pair = [client.id, client.secret].map(encodeURIComponent).join(':')
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`
  assert.equal((await askForToken(grant, { authorization })).status, 200)
})

test('wrong credentials and grants are refused in the words of UAA', async () => {
  const wrong = await askForToken({ ...grant, client_id: client.id, client_secret: 'guess' })
  assert.deepEqual([wrong.status, wrong.body.error], [401, 'unauthorized'])
  assert.equal(wrong.body.error_description, 'Bad credentials')
  const other = await askForToken({ client_id: client.id, client_secret: client.secret, grant_type: 'magic' })
  assert.deepEqual([other.status, other.body.error], [400, 'unsupported_grant_type'])
})

test('a token is refused from the second of its expiry on', async () => {
  const { body } = await askForToken({ ...grant, client_id: client.id, client_secret: client.secret })
  clock.pass(599_000)
  assert.equal(await statusWith(body.access_token), 200)
  clock.pass(1000)
  assert.equal(await statusWith(body.access_token), 401)
})

const bob = { name: 'bob', password: 'pw of bob', guid: 'bobs-guid', scopes: ['cloud_controller.read'] }
const cf = { authorization: `Basic ${Buffer.from('cf:').toString('base64')}` }

test('a user logs in by the client of the cf CLI, and goes on with the refresh token; a used one is worth nothing where they rotate', async t => {
  const other = await startFoundation({ users: [bob], rotateRefreshTokens: true })
  t.after(() => other.close())
  const ask = async (form: Record<string, string>) => {
    const body = new URLSearchParams(form)
    const answer = await fetch(`${other.uaa}/oauth/token`, { method: 'POST', body, headers: cf })
    return {
      status: answer.status,
      body: (await answer.json()) as TokenAnswer & { readonly refresh_token: string },
    }
  }
  const login = { grant_type: 'password', username: 'bob', password: bob.password }
  assert.equal((await ask({ ...login, password: 'guess' })).status, 401)
  const { body } = await ask(login)
  const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1] ?? '', 'base64url').toString())
  assert.deepEqual([claims.user_name, claims.user_id, claims.client_id], ['bob', 'bobs-guid', 'cf'])
  const refresh = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
  const next = await ask(refresh)
  assert.equal(next.status, 200)
  assert.notEqual(next.body.refresh_token, body.refresh_token)
  const used = await ask(refresh)
  assert.deepEqual([used.status, used.body.error], [401, 'invalid_token'])
})
