import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isOnlySupporter, type Memberships, v2VisibleRows, visibleRows } from './access.ts'
import { type Answer, sinatraAnswer, textAnswer, v3JsonAnswer, withHeaders } from './answer.ts'
import { type AuditEventsRequest, auditEventsPage, singleAuditEvent } from './audit-events.ts'
import { CloudControllerError, errors } from './cloud-controller-error.ts'
import type { CollectionStore } from './collections.ts'
import { type DiscoveryOptions, discoveryAnswer } from './discovery.ts'
import type { EventStore, StoredRow } from './event-store.ts'
import { nginx } from './faulty-answer.ts'
import { commaList, isHash, parseQuery } from './query-string.ts'
import { type RateLimiter, tooManyRequests } from './rate-limiter.ts'
import type { Resource } from './resource.ts'
import { rolesOf } from './roles-of.ts'
import type { Tasks } from './tasks.ts'
import type { Identity, TokenIssuer } from './token-issuer.ts'
import { singleV2Event, v2EventsPage, visibleRow } from './v2-events.ts'

export interface CloudController {
  readonly store: EventStore
  readonly collections: CollectionStore
  readonly tasks: Tasks
  /** In the foundation's clock. */
  readonly nowMs: () => number
  readonly issuer: TokenIssuer
  readonly discovery: DiscoveryOptions
  readonly rateLimiter: RateLimiter | null
  readonly memberships: ReadonlyMap<string, Memberships>
  readonly reveal: () => void
  readonly remove: (rows: readonly StoredRow[]) => void
}

/** What was found out on the way to the answer, for the history. */
export interface Answered {
  readonly answer: Answer
  readonly page: { readonly rows: readonly StoredRow[]; readonly totalResults: number } | null
}

export type PageDisturbance = Pick<
  AuditEventsRequest,
  'beforeStatements' | 'betweenStatements' | 'shift' | 'isThere'
>

/** The right answer to a request: whatever goes wrong on purpose is decided by the caller. */
export function cloudControllerAnswer(
  controller: CloudController,
  request: IncomingMessage,
  disturbance: PageDisturbance,
): Answered {
  const identity = controller.issuer.identityOf(bearer(request) ?? '')
  const common = { ...requestIdHeader(request), ...(identity ? { 'X-USER-GUID': identity.userGuid } : {}) }
  const verdict = controller.rateLimiter?.verdict(request.url ?? '/', identity)
  if (verdict?.allowed === false) {
    // With a bad token it is the token that is complained about, though the address is over its limit.
    const badToken = identity === null && bearer(request) !== null
    const answer = badToken
      ? errorAnswer(errors.invalidAuthToken(), request.url ?? '/')
      : tooManyRequests(verdict.headers, identity)
    return { answer: withHeaders(answer, common), page: null }
  }
  const answered = route(controller, request, identity, disturbance)
  return { ...answered, answer: withHeaders(answered.answer, { ...common, ...verdict?.headers }) }
}

function route(
  controller: CloudController,
  request: IncomingMessage,
  identity: Identity | null,
  disturbance: PageDisturbance,
): Answered {
  try {
    return routed(controller, request, identity, disturbance)
  } catch (error) {
    if (!(error instanceof CloudControllerError)) throw error
    return plain(errorAnswer(error, request.url ?? '/'))
  }
}

function routed(
  controller: CloudController,
  request: IncomingMessage,
  identity: Identity | null,
  disturbance: PageDisturbance,
): Answered {
  if ((request.url ?? '').length > requestLineMax) return plain(nginx(414, 'Request-URI Too Large'))
  const [path = '/', queryText = ''] = splitOnce(request.url ?? '/', '?')
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const discovered = isRead ? discoveryAnswer(path, controller.discovery) : null
  if (discovered !== null) return plain(discovered)
  const isV2 = path.startsWith('/v2')
  if (isV2 && !controller.discovery.v2) return plain(textAnswer(404, 'text/html', 'V2 endpoints disabled'))
  if (identity === null) {
    throw bearer(request) === null ? errors.notAuthenticated() : errors.invalidAuthToken()
  }
  if (isV2)
    return v2Routed(controller, { path, queryText, method: request.method ?? '' }, identity, disturbance)
  if (!isRead) throw errors.unknownRequest()
  const { store, reveal } = controller
  const apiUrl = controller.discovery.addresses.api
  if (path.startsWith('/v3/audit_events') && !controller.discovery.v3AuditEvents)
    throw errors.unknownRequest()
  if (path === '/v3/audit_events') {
    const sees = visibleRows(identity, controller.memberships.get(identity.userGuid))
    const { answer, ...page } = auditEventsPage({ store, apiUrl, queryText, sees, reveal, ...disturbance })
    return { answer, page }
  }
  if (path.startsWith('/v3/audit_events/')) {
    const sees = visibleRows(identity, controller.memberships.get(identity.userGuid))
    reveal()
    return plain(singleAuditEvent(store, decodeURIComponent(path.slice('/v3/audit_events/'.length)), sees))
  }
  const memberships = controller.memberships.get(identity.userGuid)
  const ownRoles =
    path === '/v3/roles' && memberships ? rolesOf(identity.userGuid, memberships, queryText) : null
  const tasks = seenTasks(controller, path, queryText, identity)
  return plain(ownRoles ?? controller.collections.answer(path, queryText, apiUrl, tasks))
}

/** Undefined for another path. */
function seenTasks(
  { tasks, memberships, nowMs, discovery }: CloudController,
  path: string,
  queryText: string,
  identity: Identity,
): readonly Resource[] | undefined {
  const [match, guid] = /^\/v3\/tasks(?:\/([^/]+))?$/.exec(path) ?? []
  if (match === undefined) return undefined
  const asked = parseQuery(queryText).get('guids')
  const listed = asked === undefined || isHash(asked) ? null : commaList(asked)
  return tasks.seenBy({
    identity,
    memberships: memberships.get(identity.userGuid),
    nowMs: nowMs(),
    apiUrl: discovery.addresses.api,
    guids: guid === undefined ? listed : [guid],
    isShow: guid !== undefined,
  })
}

/** `/v2/events`; an admin can also delete one, and nothing tells afterwards. */
function v2Routed(
  { store, reveal, memberships, remove, discovery }: CloudController,
  { path, queryText, method }: { readonly path: string; readonly queryText: string; readonly method: string },
  identity: Identity,
  disturbance: PageDisturbance,
): Answered {
  if (isOnlySupporter(identity, memberships.get(identity.userGuid)))
    return plain(textAnswer(403, 'text/html', 'You are not authorized to perform the requested action'))
  const sees = v2VisibleRows(identity, memberships.get(identity.userGuid))
  const guid = /^\/v2\/events\/([^/]+)$/.exec(path)?.[1]
  if (path === '/v2/events' && method === 'GET') {
    const apiUrl = discovery.addresses.api
    const { answer, ...page } = v2EventsPage({ store, apiUrl, queryText, sees, reveal, ...disturbance })
    return { answer, page }
  }
  if (guid === undefined) throw errors.unknownRequest()
  reveal()
  if (method === 'GET') return plain(singleV2Event(store, decodeURIComponent(guid), sees))
  if (method !== 'DELETE') throw errors.unknownRequest()
  const row = visibleRow(store, decodeURIComponent(guid), sees)
  if (!identity.scopes.has('cloud_controller.admin')) throw errors.notAuthorized()
  remove([row])
  return plain({ ...sinatraAnswer(204, null), body: [] })
}

function errorAnswer(error: CloudControllerError, url: string): Answer {
  return url.startsWith('/v2')
    ? sinatraAnswer(error.status, error.v2Body)
    : v3JsonAnswer(error.status, error.body)
}

/** Nginx's buffer of 8 KiB, less the method and the protocol. */
const requestLineMax = 8_192 - 'GET  HTTP/1.1\r\n'.length

const plain = (answer: Answer): Answered => ({ answer, page: null })

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function bearer(request: IncomingMessage): string | null {
  return /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}

/** A sent id comes back cleaned, with a new one behind it. */
function requestIdHeader(request: IncomingMessage): Record<string, string> {
  const sent = request.headers['x-vcap-request-id'] ?? request.headers['x-request-id']
  const id = randomUUID()
  if (typeof sent !== 'string' || sent === '') return { 'X-VCAP-Request-ID': id }
  return { 'X-VCAP-Request-ID': `${sent.replace(/[^\w-]/g, '').slice(0, 255)}::${id}` }
}
