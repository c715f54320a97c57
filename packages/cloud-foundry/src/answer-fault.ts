import type { ApiVersion } from './audit-events-api.ts'
import {
  AnswerTooLargeError,
  ApiUnavailableError,
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
import { type Identity, identityText, neededBy, remedyOf } from './identity.ts'
import { parsedObject } from './parsed-object.ts'
import type { Redaction } from './redaction.ts'
import { rateLimitedForMs, retryAfterMs } from './retry-after.ts'

export interface FaultContext {
  /** foundation, end, request id */
  readonly facts: FaultFacts
  /** `https://host` of the end. */
  readonly origin: string
  readonly identity: Identity
  readonly redaction: Redaction
  /** This end has answered as itself before: a 404 is then an outage, not a wrong URL. */
  readonly known: boolean
  /** The server's clock, milliseconds since the epoch. */
  readonly theirNowMs: number
  /** Of a 429: when a request will be tried again, which may be before the answer allows it; null when it did not say. */
  readonly tryAgainMs: number | null
}

/** nginx says so in plain text, with none of Cloud Controller's headers. */
const v2Off = /V2 endpoints disabled/i

/** What an answer of Cloud Controller other than 200 means. */
export function cloudControllerFault(
  answer: Answer,
  context: FaultContext,
  api: ApiVersion = 'v3',
): CloudFoundryError {
  const { status } = answer
  const told = cloudControllerError(answer.text)
  const said = told ? ` ${context.redaction.line(`${told.title} ${told.code}: ${told.detail}`)}` : ''
  const facts = { ...context.facts, status, ...(told && { code: String(told.code) }) }
  const where = `Cloud Controller at ${context.origin}`

  // Before anything else: to the others it would look like a route that is gone for a moment.
  if (status === 404 && v2Off.test(answer.text))
    return new ApiUnavailableError(
      `${where} has /v2 switched off (404 "V2 endpoints disabled"), as it is unless somebody switched it on since capi 1.201.0 (January 2025): write apiVersion: v3, or auto, which finds out; or switch it on with cf-deployment's operations/enable-v2-api.yml (cc.temporary_enable_v2)`,
      facts,
    )
  const common = commonFault(answer, context, { where, said, facts })
  if (common) return common
  const rowsMax = /results_per_page must be <= (\d+)/.exec(told?.detail ?? '')?.[1]
  if (status === 400 && rowsMax !== undefined)
    return new AnswerTooLargeError(
      `${where} gives at most ${rowsMax} rows a page (400${said}): ask for fewer`,
      { ...facts, rowsMax: Number(rowsMax) },
    )
  if (status === 401)
    return new CredentialsError(
      `${where} refuses (401${said}) a token that UAA has only just issued: does the UAA belong to this foundation, and is cloud_controller in the token's audience? ${neededBy(context.identity)}`,
      facts,
    )
  const isSupporter = api === 'v2' && status === 403 && answer.headers.has('x-vcap-request-id')
  if (status === 403 && (told || isSupporter))
    return new NotPermittedError(
      `${where} does not permit ${identityText(context.identity)} to read audit events (403${said}): ${isSupporter && !told ? 'v2 knows no space supporters' : 'it has none of the scopes'}; ${remedyOf(context.identity, [])}`,
      facts,
    )
  if (status === 404 && told)
    return new ApiUnavailableError(
      `${where} knows no audit events (404${said}): Korifi has none${api === 'v2' ? '' : ', and a Cloud Controller without /v3/audit_events has them in /v2/events, if that is switched on (apiVersion: v2)'}`,
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
    const exempt =
      facts.code === '10013'
        ? '; a client with cloud_controller.admin_read_only is exempt'
        : facts.code === '10018'
          ? '; it is the limit of v2 alone, and v3 (apiVersion: v3) has its own'
          : ''
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
