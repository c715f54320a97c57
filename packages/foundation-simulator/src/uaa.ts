import type { IncomingMessage } from 'node:http'
import { type Answer, textAnswer, withHeaders } from './answer.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import type { TokenIssuer } from './token-issuer.ts'

export interface SimulatedClient {
  readonly id: string
  readonly secret: string
  /** For example `cloud_controller.global_auditor`. */
  readonly scopes: readonly string[]
  /** Of this client's tokens; default `tokenLifetimeSec` of the foundation. */
  readonly tokenLifetimeSec?: number
}

/** Someone who logs in with a password, by a client that may do so for users. */
export interface SimulatedUser {
  readonly name: string
  readonly password: string
  readonly guid: string
  readonly scopes: readonly string[]
}

/** What UAA knows. `scopesOf`: of a client or user, by id or guid, as they are now. */
export interface Uaa {
  readonly clients: readonly SimulatedClient[]
  readonly users: readonly SimulatedUser[]
  readonly refreshTokens: RefreshTokens
  readonly issuer: TokenIssuer
  scopesOf(id: string, configured: readonly string[]): readonly string[]
}

/** The client of the cf CLI: its secret is empty, and it logs users in. */
export const cfClient: SimulatedClient = { id: 'cf', secret: '', scopes: [] }

const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache', 'X-Content-Type-Options': 'nosniff' }

/**
 * `POST /oauth/token` with `client_credentials`, `password` or `refresh_token`, the client's credentials as Basic or in the form; the
 * rest of UAA is 404.
 */
export function uaaAnswer(request: IncomingMessage, body: string, uaa: Uaa): Answer {
  const path = (request.url ?? '/').split('?')[0]
  if (path === '/healthz') return textAnswer(200, 'text/plain;charset=UTF-8', 'ok\n')
  if (path !== '/oauth/token') return json(404, { error: 'not_found', error_description: 'Not Found' })
  if (request.method !== 'POST') return methodNotAllowed(request.method ?? '')
  const form = new URLSearchParams(body)
  const credentials = basicCredentials(request.headers.authorization) ?? {
    id: form.get('client_id') ?? '',
    secret: form.get('client_secret') ?? '',
  }
  const client = [...uaa.clients, cfClient].find(
    ({ id, secret }) => id === credentials.id && secret === credentials.secret,
  )
  if (client === undefined) return badCredentials()
  const grant = form.get('grant_type')
  if (grant === 'password') return byPassword(uaa, client, form)
  if (grant === 'refresh_token') return byRefreshToken(uaa, client, form.get('refresh_token') ?? '')
  if (grant !== 'client_credentials') return unsupportedGrant(grant)
  return tokenAnswer(uaa, client, null, {})
}

function byPassword(uaa: Uaa, client: SimulatedClient, form: URLSearchParams): Answer {
  const user = uaa.users.find(
    ({ name, password }) => name === form.get('username') && password === form.get('password'),
  )
  if (user === undefined) return badCredentials()
  return tokenAnswer(uaa, client, user, { refresh_token: uaa.refreshTokens.issue(user.guid, client.id) })
}

function byRefreshToken(uaa: Uaa, client: SimulatedClient, token: string): Answer {
  const exchanged = uaa.refreshTokens.exchange(token, client.id)
  const user = uaa.users.find(({ guid }) => guid === exchanged?.userGuid)
  if (exchanged === null || user === undefined)
    return json(401, { error: 'invalid_token', error_description: `Invalid refresh token: ${token}` })
  return tokenAnswer(uaa, client, user, { refresh_token: exchanged.token })
}

function tokenAnswer(
  { issuer, scopesOf }: Uaa,
  client: SimulatedClient,
  user: SimulatedUser | null,
  more: object,
): Answer {
  const scopes = user === null ? scopesOf(client.id, client.scopes) : scopesOf(user.guid, user.scopes)
  const { tokenLifetimeSec } = client
  const issued = issuer.issue({
    clientId: client.id,
    scopes,
    ...(user === null ? {} : { userGuid: user.guid, userName: user.name }),
    ...(tokenLifetimeSec === undefined ? {} : { expiresInSec: tokenLifetimeSec }),
  })
  return json(200, {
    access_token: issued.accessToken,
    token_type: 'bearer',
    expires_in: issued.expiresInSec,
    scope: scopes.join(' '),
    jti: issued.jti,
    ...more,
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
