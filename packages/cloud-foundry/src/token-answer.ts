import { commonFault, type FaultContext } from './answer-fault.ts'
import {
  BrokenAnswerError,
  type CloudFoundryError,
  CredentialsError,
  NotCloudControllerError,
  RefusedError,
} from './errors.ts'
import type { Answer } from './exchange.ts'
import { parsedObject } from './parsed-object.ts'

/** What UAA issued: RFC 6749 §5.1, with its `scope` when it says one. */
export interface IssuedToken {
  readonly accessToken: string
  readonly expiresInSec: number
  readonly scopes: readonly string[]
}

/**
 * The body of UAA's token request, RFC 6749 §4.4.2 with the client in the form as §2.3.1 allows: what a secret with
 * ':' or '%' in it survives, whichever way UAA decodes a Basic header.
 */
export function tokenRequestBody(clientId: string, clientSecret: string): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    response_type: 'token',
    client_id: clientId,
    client_secret: clientSecret,
  }).toString()
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
  return { accessToken, expiresInSec, scopes: scopesOf(accessToken, body?.['scope']) }
}

/** The scopes in the token itself (a JWT, RFC 7519, whose signature is Cloud Controller's to check), else those UAA named. */
function scopesOf(accessToken: string, scope: unknown): readonly string[] {
  const payload = parsedObject(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString('utf8'))
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
  if (/grant type/i.test(description) || error === 'unsupported_grant_type')
    return new CredentialsError(
      `${where} does not let client "${context.clientId}" use client credentials (${status}${said}): run \`uaac client update ${context.clientId} --authorized_grant_types client_credentials\``,
      facts,
    )
  if (
    status === 401 ||
    (error !== null && /^(unauthorized|invalid_client|unauthorized_client|access_denied)$/.test(error))
  )
    return new CredentialsError(
      `${where} does not know client "${context.clientId}" with this secret (${status}${said}): correct the client id or secret, or make the client with \`uaac client add ${context.clientId} --authorized_grant_types client_credentials --authorities cloud_controller.global_auditor --secret …\``,
      facts,
    )
  if (error !== null) return new RefusedError(`${where} refuses the token request (${status}${said})`, facts)
  return new NotCloudControllerError(
    `${context.origin} is no UAA: it answered a token request with ${status}; leave uaa unset to use the one Cloud Controller names`,
    facts,
  )
}
