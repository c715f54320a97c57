import {
  cloudControllerError,
  cloudControllerFault,
  type FaultContext,
  notCloudController,
} from './answer-fault.ts'
import type { ApiVersion } from './audit-events-api.ts'
import { endUrl } from './end-url.ts'
import { ApiUnavailableError, BrokenAnswerError, NotCloudControllerError } from './errors.ts'
import type { Answer } from './exchange.ts'
import { isObject, parsedObject } from './parsed-object.ts'

/** What `GET /` of a Cloud Controller says. */
export interface Discovery {
  /** As configured; Cloud Controller's own idea of it (links.self) is not used. */
  readonly api: string
  readonly uaa: string
  readonly login: string | null
  /** "3.228.0"; empty where there is no v3. */
  readonly v3Version: string
  /** Whether /v2 is switched on: off by default since January 2025. */
  readonly v2: boolean
  /** The API by which audit events are read: that of `apiVersion`, where that is not `auto`. */
  readonly auditEvents: ApiVersion
}

/** @throws NotCloudControllerError, BrokenAnswerError (JSON that is not whole), RefusedUrlError (UAA's link is plain http:// beyond loopback) */
export function discovered(
  answer: Answer,
  context: FaultContext & { readonly api: URL; readonly insecure: boolean; readonly uaa: URL | null },
): Omit<Discovery, 'auditEvents'> & { readonly isV3Named: boolean } {
  const body = parsedObject(answer.text)
  if (!body && (context.known || /json/i.test(answer.headers.get('content-type') ?? '')))
    throw new BrokenAnswerError(
      `the answer of Cloud Controller at ${context.origin} to GET / is not whole JSON; nothing of it counts`,
      context.facts,
    )
  const links = isObject(body?.['links']) ? body['links'] : null
  const v3Version = versionOf(links?.['cloud_controller_v3'])
  if (body && isKorifi(body, v3Version))
    throw new NotCloudControllerError(
      `${context.origin} is Korifi, which has no audit events: the Kubernetes audit log of its cluster is its trail`,
      context.facts,
    )
  if (body && isUaa(body))
    throw new NotCloudControllerError(
      `${context.origin} is a UAA or login server, not Cloud Controller: api must be the URL that \`cf api\` prints`,
      context.facts,
    )
  const isV2Named = hrefOf(links?.['cloud_controller_v2']) !== null
  if (!links || (v3Version === null && !isV2Named))
    throw new NotCloudControllerError(notCloudController(answer, context), context.facts)
  const login = hrefOf(links['login'])
  const uaa = context.uaa?.href ?? hrefOf(links['uaa']) ?? login
  if (uaa === null)
    throw new NotCloudControllerError(
      `${context.origin} names no UAA in its links: set uaa to its URL`,
      context.facts,
    )
  const uaaUrl = endUrl(uaa, {
    foundation: context.facts.foundation,
    end: 'UAA',
    setting: `the uaa link of ${context.origin}`,
    insecure: context.insecure,
  })
  return {
    api: withoutSlash(context.api.href),
    uaa: withoutSlash(uaaUrl.href),
    login,
    v3Version: v3Version ?? '',
    isV3Named: v3Version !== null,
    v2: isV2Named,
  }
}

/** Whether `GET /v3` names audit events: the first Cloud Controllers with a v3 had none in it. */
function showsAuditEvents(answer: Answer, context: FaultContext): boolean {
  const links = parsedObject(answer.text)?.['links']
  if (!isObject(links))
    throw new BrokenAnswerError(
      `the answer of Cloud Controller at ${context.origin} to GET /v3 is not whole JSON; nothing of it counts`,
      context.facts,
    )
  return hrefOf(links['audit_events']) !== null
}

/**
 * Whether Cloud Controller says with this answer to `GET /v3` that it has audit events there. A 404 of a router or of a proxy says
 * nothing.
 */
export function saysV3(answer: Answer, context: FaultContext): boolean {
  if (answer.status === 404 && cloudControllerError(answer.text) !== null) return false
  if (answer.status !== 200) throw cloudControllerFault(answer, context)
  return showsAuditEvents(answer, context)
}

/** `GET /v2/info`, which also answers where v2 is off. @throws CloudFoundryError: there is no v2 to take */
export function requireV2(answer: Answer, context: FaultContext): void {
  if (answer.status !== 200) throw cloudControllerFault(answer, context, 'v2')
  const version = parsedObject(answer.text)?.['api_version']
  if (typeof version === 'string' && version !== '') return
  throw new ApiUnavailableError(
    `Cloud Controller at ${context.origin} has audit events neither in /v3 nor in /v2, which is switched off or none (GET /v2/info)`,
    context.facts,
  )
}

/** Korifi answers `GET /` in Cloud Controller's shape, marked as running on Kubernetes. */
function isKorifi(body: Readonly<Record<string, unknown>>, v3Version: string | null): boolean {
  return body['cf_on_k8s'] === true || v3Version?.includes('cf-k8s') === true
}

function isUaa(body: Readonly<Record<string, unknown>>): boolean {
  return 'zone_name' in body || 'prompts' in body
}

function hrefOf(link: unknown): string | null {
  return isObject(link) && typeof link['href'] === 'string' && link['href'] !== '' ? link['href'] : null
}

function versionOf(link: unknown): string | null {
  if (hrefOf(link) === null || !isObject(link)) return null
  const meta = link['meta']
  return isObject(meta) && typeof meta['version'] === 'string' ? meta['version'].slice(0, 40) : ''
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}
