import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@cf-audit-drain/pipeline'

const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An OAuth server of this machine, with one client, that signs the tokens it issues (RS256). */
export async function startOauthServer({ lifetimeSec }: { readonly lifetimeSec: number }) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const requests: URLSearchParams[] = []
  let answersFailing = 0
  const token = (changes: Record<string, unknown> = {}) => {
    const nowSec = Math.floor(systemClock.now() / 1000)
    const claims = { sub: 'drain', aud: 'kafka', iat: nowSec, exp: nowSec + lifetimeSec, ...changes }
    const signed = `${json({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${json(claims)}`
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
  }
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const form = new URLSearchParams(body)
    requests.push(form)
    const answer = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (answersFailing > 0) {
      answersFailing--
      answer(503, {})
    } else if (form.get('client_secret') !== 's3cret-s3cret')
      answer(401, { error: 'invalid_client', error_description: `no ${form.get('client_secret')}` })
    else answer(200, { access_token: token(), expires_in: lifetimeSec, token_type: 'bearer' })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth/token`,
    secret: 's3cret-s3cret',
    requests,
    token,
    /** What whoever checks the signatures needs. */
    jwks: JSON.stringify({
      keys: [
        { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' },
      ],
    }),
    fail(times: number) {
      answersFailing = times
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
