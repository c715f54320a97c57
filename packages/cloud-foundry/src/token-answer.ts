import { commonFault, type FaultContext } from './answer-fault.ts'
import {
  BrokenAnswerError,
  type CloudFoundryError,
  CredentialsError,
  NotCloudControllerError,
  RefusedError,
} from './errors.ts'
import type { Answer } from './exchange.ts'
import { type Identity, identityText } from './identity.ts'
import { parsedObject } from './parsed-object.ts'

/** What UAA issued: RFC 6749 §5.1, with its `scope` when it says one. */
export interface IssuedToken {
  readonly accessToken: string
  readonly expiresInSec: number
  readonly scopes: readonly string[]
  /** Of a user's token, where the server gives one (§6): the same as before, or the one that takes its place. */
  readonly refreshToken: string | null
  /** UAA's claims `user_name`, and `user_id` or `client_id`; null where the token does not tell. */
  readonly userName: string | null
  readonly subject: string | null
}

/** @throws BrokenAnswerError a 200 that is no token */
export function issuedToken(answer: Answer, context: Pick<FaultContext, 'origin' | 'facts'>): IssuedToken {
  const { end } = context.facts
  const body = parsedObject(answer.text)
  const accessToken = body?.['access_token']
  const expiresInSec = body?.['expires_in']
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]+$/.test(accessToken))
    throw new BrokenAnswerError(
      `${end} at ${context.origin} answered 200 without a token: is that URL a ${end}?`,
      context.facts,
    )
  if (typeof expiresInSec !== 'number' || !(expiresInSec > 0))
    throw new BrokenAnswerError(
      `${end} at ${context.origin} issued a token without a lifetime (expires_in)`,
      context.facts,
    )
  // A JWT, RFC 7519, whose signature is Cloud Controller's to check.
  const payload = parsedObject(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString('utf8'))
  return {
    accessToken,
    expiresInSec,
    scopes: scopesOf(payload, body?.['scope']),
    refreshToken: textOf(body?.['refresh_token']),
    userName: textOf(payload?.['user_name']),
    subject: textOf(payload?.['user_id']) ?? textOf(payload?.['client_id']),
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** The scopes in the token itself, else those UAA named. */
function scopesOf(payload: Readonly<Record<string, unknown>> | null, scope: unknown): readonly string[] {
  const claimed = payload?.['scope'] ?? scope
  const scopes = Array.isArray(claimed) ? claimed : typeof claimed === 'string' ? claimed.split(/\s+/) : []
  return scopes.filter(one => typeof one === 'string' && one !== '').map(String)
}

/** What an answer of UAA's token endpoint other than 200 means. */
export function uaaFault(answer: Answer, context: FaultContext): CloudFoundryError {
  const { status } = answer
  const where = `UAA at ${context.origin}`
  const body = parsedObject(answer.text)
  const error = typeof body?.['error'] === 'string' ? context.redaction.line(body['error']) : null
  const description = typeof body?.['error_description'] === 'string' ? body['error_description'] : ''
  const said = error === null ? '' : ` ${context.redaction.line(`${error} ${description}`)}`
  const facts = { ...context.facts, status, ...(error !== null && { code: error }) }

  const common = commonFault(answer, context, { where, said, facts })
  if (common) return common
  const { identity } = context
  const refused = status === 401 || (error !== null && refusals.test(error))
  if (identity.kind === 'user' && error !== null && (refused || status === 400)) {
    const sentence = ofClient.test(error) ? clientRefused : userRefused
    return new CredentialsError(sentence(identity, where, `${status}${said}`), facts)
  }
  if (/grant type/i.test(description) || error === 'unsupported_grant_type')
    return new CredentialsError(
      `${where} does not let client "${identity.clientId}" use client credentials (${status}${said}): run \`uaac client update ${identity.clientId} --authorized_grant_types client_credentials\``,
      facts,
    )
  if (refused)
    return new CredentialsError(
      `${where} does not know client "${identity.clientId}" with this secret (${status}${said}): correct the client id or secret, or make the client with \`uaac client add ${identity.clientId} --authorized_grant_types client_credentials --authorities cloud_controller.global_auditor --secret …\``,
      facts,
    )
  if (error !== null) return new RefusedError(`${where} refuses the token request (${status}${said})`, facts)
  return new NotCloudControllerError(
    `${context.origin} is no UAA: it answered a token request with ${status}; leave uaa unset to use the one Cloud Controller names`,
    facts,
  )
}

/** Of a user's login: whether what was refused may be the user's. Older UAAs say so of a wrong client, too. */
export function mayBeOfUser(error: string | null): boolean {
  return error === null || /^(unauthorized|invalid_grant|invalid_token|access_denied)$/.test(error)
}

const ofClient = /^(invalid_client|unauthorized_client)$/
const refusals = /^(unauthorized|invalid_client|unauthorized_client|access_denied)$/

function clientRefused(identity: Identity, where: string, said: string): string {
  return `${where} does not know client "${identity.clientId}" with this secret, or does not let it log users in (${said}): correct the client id or secret; nothing is said of ${identityText(identity)}`
}

/** Of a user's login: an old UAA says the same of a wrong user, a wrong password and a wrong client. */
function userRefused(identity: Identity, where: string, said: string): string {
  const { clientId, grant } = identity
  const client = `client "${clientId}" needs the grant types password and refresh_token, as cf has them`
  if (grant === 'refresh-token')
    return `${where} does not take the refresh token of client "${clientId}" (${said}): log in again with \`cf login\`, and give the new one; UAA's are good for 30 days unless it is told otherwise; ${client}`
  return `${where} does not let ${identityText(identity)} log in (${said}): correct username or password; a user of another identity provider cannot log in by password (take a refresh token); ${client}`
}
