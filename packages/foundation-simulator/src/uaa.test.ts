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
