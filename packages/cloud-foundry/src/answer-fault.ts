import {
  type CloudFoundryError,
  CredentialsError,
  type FaultFacts,
  NotCloudControllerError,
  NotPermittedError,
  RateLimitedError,
  RefusedError,
  ServerError,
} from './errors.ts'
import type { Answer } from './exchange.ts'
import { parsedObject } from './parsed-object.ts'
import type { Redaction } from './redaction.ts'
import { rateLimitedForMs, retryAfterMs } from './retry-after.ts'

export interface FaultContext {
  /** foundation, end, request id */
  readonly facts: FaultFacts
  /** `https://host` of the end. */
  readonly origin: string
  readonly clientId: string
  readonly redaction: Redaction
  /** This end has answered as itself before: a 404 is then an outage, not a wrong URL. */
  readonly known: boolean
  /** The server's clock, milliseconds since the epoch. */
  readonly theirNowMs: number
  /** Of a 429: when a request will be tried again, which may be before the answer allows it; null when it did not say. */
  readonly tryAgainMs: number | null
}

/** What an answer of Cloud Controller other than 200 means. */
export function cloudControllerFault(answer: Answer, context: FaultContext): CloudFoundryError {
  const { status } = answer
  const told = cloudControllerError(answer.text)
  const said = told ? ` ${context.redaction.line(`${told.title} ${told.code}: ${told.detail}`)}` : ''
  const facts = { ...context.facts, status, ...(told && { code: String(told.code) }) }
  const where = `Cloud Controller at ${context.origin}`

  const common = commonFault(answer, context, { where, said, facts })
  if (common) return common
  if (status === 401)
    return new CredentialsError(
      `${where} refuses (401${said}) a token that UAA has only just issued: does the UAA belong to this foundation, and is cloud_controller in the token's audience? The client "${context.clientId}" needs the authority cloud_controller.global_auditor`,
      facts,
    )
  if (status === 403 && told)
    return new NotPermittedError(
      `${where} does not permit client "${context.clientId}" to read audit events (403${said}): it has none of the scopes; give it one with \`uaac client update ${context.clientId} --authorities cloud_controller.global_auditor\``,
      facts,
    )
  if (status === 404 && told)
    return new NotCloudControllerError(
      `${where} knows no audit events (404${said}): Korifi has none, and a Cloud Controller without /v3/audit_events is too old`,
      facts,
    )
  if (status === 403 || status === 404 || (status >= 300 && status < 400) || status < 300)
    return new NotCloudControllerError(notCloudController(answer, context), facts)
  return new RefusedError(`${where} refuses the request (${status}${said}): it would be refused again`, facts)
}

/** What every end may answer: 429, 5xx, a missing route behind the gorouter. */
export function commonFault(
  answer: Answer,
  context: FaultContext,
  { where, said, facts }: { readonly where: string; readonly said: string; readonly facts: FaultFacts },
): CloudFoundryError | null {
  const { status, headers } = answer
  if (status === 429) {
    const afterMs = rateLimitedForMs(headers, context.theirNowMs)
    const { tryAgainMs } = context
    const when = afterMs === null ? 'without saying for how long' : `for ${seconds(afterMs)}`
    const again = tryAgainMs === null ? '' : `; tried again in ${seconds(tryAgainMs)}`
    const exempt = facts.code === '10013' ? '; a client with cloud_controller.admin_read_only is exempt' : ''
    return new RateLimitedError(
      `${where} limits the rate of requests ${when} (429${said})${again}${exempt}`,
      {
        ...facts,
        retryAfterMs: tryAgainMs,
      },
    )
  }
  if (status >= 500) {
    const uaa = /UaaUnavailable/.test(said) ? ', because it cannot reach UAA' : ''
    return new ServerError(`${where} answered ${status}${said}${uaa}; nothing is wrong with the request`, {
      ...facts,
      retryAfterMs: retryAfterMs(headers, context.theirNowMs),
    })
  }
  if (status === 404 && context.known && !headers.has('x-vcap-request-id') && said === '')
    return new ServerError(
      `${where} is gone from the router (404) though it answered before; is it being restarted?`,
      {
        ...facts,
        retryAfterMs: null,
      },
    )
  return null
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`
}

/** Why what answers at the API's URL is no Cloud Controller, and what to write instead. */
export function notCloudController(answer: Answer, context: Pick<FaultContext, 'origin'>): string {
  const { status, headers } = answer
  const advice = 'api must be the URL that `cf api` prints, usually https://api. and the system domain'
  if (status >= 300 && status < 400) {
    const target = URL.parse(headers.get('location') ?? '', context.origin)?.origin
    return `${context.origin} redirects${target ? ` to ${target}` : ''} (${status}), which is not followed: ${advice}`
  }
  if (headers.has('x-cf-routererror'))
    return `${context.origin} is no Cloud Controller: the router has no route for that name (${status} ${headers.get('x-cf-routererror')?.slice(0, 40)}); ${advice}`
  const type = headers.get('content-type')?.split(';')[0]?.trim().slice(0, 40) ?? 'no content type'
  return `${context.origin} is no Cloud Controller: it answered ${status} with ${type}; ${advice}`
}

/** The first error of a v3 body, or a v2 one, whatever the content type says. */
export function cloudControllerError(
  text: string,
): { readonly code: number; readonly title: string; readonly detail: string } | null {
  const body = parsedObject(text)
  const first = Array.isArray(body?.['errors']) ? (body['errors'][0] as unknown) : null
  const error =
    typeof first === 'object' && first !== null ? (first as Readonly<Record<string, unknown>>) : body
  if (!error || typeof error['code'] !== 'number') return null
  return {
    code: error['code'],
    title: String(error['title'] ?? error['error_code'] ?? ''),
    detail: String(error['detail'] ?? error['description'] ?? ''),
  }
}
