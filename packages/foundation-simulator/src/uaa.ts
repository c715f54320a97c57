import type { IncomingMessage } from 'node:http'
import { type Answer, textAnswer, withHeaders } from './answer.ts'
import type { TokenIssuer } from './token-issuer.ts'

export interface SimulatedClient {
  readonly id: string
  readonly secret: string
  /** For example `cloud_controller.global_auditor`. */
  readonly scopes: readonly string[]
  /** Of this client's tokens; default `tokenLifetimeSec` of the foundation. */
  readonly tokenLifetimeSec?: number
}

const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache', 'X-Content-Type-Options': 'nosniff' }

/** `POST /oauth/token` with `client_credentials`, credentials as Basic or in the form; the rest of UAA is 404. */
export function uaaAnswer(
  request: IncomingMessage,
  body: string,
  clients: readonly SimulatedClient[],
  issuer: TokenIssuer,
): Answer {
  const path = (request.url ?? '/').split('?')[0]
  if (path === '/healthz') return textAnswer(200, 'text/plain;charset=UTF-8', 'ok\n')
  if (path !== '/oauth/token') return json(404, { error: 'not_found', error_description: 'Not Found' })
  if (request.method !== 'POST') return methodNotAllowed(request.method ?? '')
  const form = new URLSearchParams(body)
  const credentials = basicCredentials(request.headers.authorization) ?? {
    id: form.get('client_id') ?? '',
    secret: form.get('client_secret') ?? '',
  }
  const client = clients.find(({ id, secret }) => id === credentials.id && secret === credentials.secret)
  if (client === undefined) return badCredentials()
  const grant = form.get('grant_type')
  if (grant !== 'client_credentials') return unsupportedGrant(grant)
  const { tokenLifetimeSec } = client
  const issued = issuer.issue({
    clientId: client.id,
    scopes: client.scopes,
    ...(tokenLifetimeSec === undefined ? {} : { expiresInSec: tokenLifetimeSec }),
  })
  return json(200, {
    access_token: issued.accessToken,
    token_type: 'bearer',
    expires_in: issued.expiresInSec,
    scope: client.scopes.join(' '),
    jti: issued.jti,
  })
}

/** Both parts are form-encoded before base64 (RFC 6749 §2.3.1). */
function basicCredentials(header: string | undefined): { id: string; secret: string } | null {
  const encoded = /^Basic (.+)$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return null
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  const decode = (part: string): string => new URLSearchParams(`v=${part}`).get('v') ?? ''
  return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) }
}

function json(status: number, value: unknown): Answer {
  return withHeaders(textAnswer(status, 'application/json;charset=UTF-8', JSON.stringify(value)), noStore)
}

function badCredentials(): Answer {
  return withHeaders(json(401, { error: 'unauthorized', error_description: 'Bad credentials' }), {
    'WWW-Authenticate': 'Basic realm="UAA/client", error="unauthorized", error_description="Bad credentials"',
  })
}

function unsupportedGrant(grant: string | null): Answer {
  return grant === null
    ? json(400, { error: 'invalid_request', error_description: 'Missing grant type' })
    : json(400, { error: 'unsupported_grant_type', error_description: `Unsupported grant type: ${grant}` })
}

function methodNotAllowed(method: string): Answer {
  return json(405, {
    error: 'method_not_allowed',
    error_description: `Request method '${method}' is not supported`,
  })
}
