import { MalformedPageError, type RawEvent, rawCreatedAtSec } from '@cf-audit-drain/event'
import { type ApiVersion, type AuditEventsApi, auditEventsApis } from './audit-events-api.ts'
import type { EventWindow, TimeWindow } from './audit-events-path.ts'
import type { Discovery } from './discovery.ts'
import {
  AnswerTooLargeError,
  ApiUnavailableError,
  BrokenAnswerError,
  type FaultFacts,
  NotPermittedError,
} from './errors.ts'
import type { Answer } from './exchange.ts'
import { FoundationClient } from './foundation-client.ts'
import type { Identity } from './identity.ts'
import type { Deps, FoundationOptions } from './options.ts'
import { ownRolesPath, type RolesPage, rolesPageOf } from './own-roles.ts'
import type { RateLimit } from './retry-after.ts'
import { type Rights, rightsOf, seesWith } from './rights.ts'

export interface AuditEventPage {
  /** Of the window, by a count made just before the rows were read: not one snapshot with them. */
  readonly totalResults: number
  readonly resources: readonly RawEvent[]
  /** Length of the decoded body. */
  readonly bytes: number
}

/**
 * One foundation's Cloud Controller. Every method repeats what may succeed when repeated, within its retry policy; what
 * it resolves to came from one whole, checked answer. Throws only CloudFoundryErrors, the signal's reason, and RangeError for
 * a query that makes no sense.
 */
export interface CloudController {
  /** Asks `GET /` each time; token requests use the newest answer. */
  discover(signal: AbortSignal): Promise<Discovery>
  /**
   * Gets a token (`fresh`: a new one, if UAA can be reached) and tries it: a token that is no good is an error, one with too few
   * scopes is not.
   */
  rights(signal: AbortSignal, fresh?: boolean): Promise<Rights>
  /** Told of the scopes of each token before it is used for the first time. Returns what ends that. */
  onScopes(listener: (scopes: readonly string[]) => void): () => void
  /**
   * One page, ordered by created_at and then guid (v3) or the order of writing (v2). A page beyond the last has no resources.
   * `perPage` above what the API in use gives is an AnswerTooLargeError without a request.
   */
  auditEvents(query: EventWindow, signal: AbortSignal): Promise<AuditEventPage>
  countAuditEvents(window: TimeWindow, signal: AbortSignal): Promise<number>
  /** created_at of the oldest event there still is, in seconds since the epoch; null when there is none. */
  oldestAuditEventSec(signal: AbortSignal): Promise<number | null>
  /** The most rows a page of the API in use may have. */
  readonly perPageMax: number
  /** Null with `auto` before discovery. */
  readonly apiVersion: ApiVersion | null
  /** Who asks; of a user known by a refresh token, by name from the first token on. */
  readonly identity: Identity
  /** How far Cloud Controller's clock is ahead of ours, to about a second; null before the first Date header. */
  readonly skewMs: number | null
  /** As last seen; null without a rate limiter, or for a client that is exempt. */
  readonly rateLimit: RateLimit | null
  /** Ends what is under way and every connection. Safe twice. */
  close(): Promise<void>
}

/** Connects nothing yet. @throws RefusedUrlError */
export function cloudController(options: FoundationOptions, deps: Deps): CloudController {
  const client = new FoundationClient(options, deps)
  const isAuto = options.apiVersion === 'auto'
  let used: AuditEventsApi | null = isAuto ? null : auditEventsApis[options.apiVersion ?? 'v3']
  /** As Cloud Controller told: an operator may have lowered it. */
  let rowsMax = Number.POSITIVE_INFINITY

  const discover = async (signal: AbortSignal): Promise<Discovery> => {
    const discovery = await client.discover(signal)
    used = auditEventsApis[discovery.auditEvents]
    return discovery
  }

  const readFrom = async (
    api: AuditEventsApi,
    query: Partial<TimeWindow> & { readonly page: number; readonly perPage: number },
    signal: AbortSignal,
  ): Promise<AuditEventPage> => {
    const { page, perPage } = query
    if (perPage > api.perPageMax && perPage <= auditEventsApis.v3.perPageMax) throw tooMany(api, perPage)
    try {
      const path = api.path(query, page, perPage)
      return await client.get(path, (answer, facts) => readPage(api, answer, perPage, facts), signal)
    } catch (error) {
      if (error instanceof AnswerTooLargeError) rowsMax = Math.min(rowsMax, error.rowsMax ?? rowsMax)
      throw error
    }
  }

  const tooMany = (api: AuditEventsApi, perPage: number) =>
    new AnswerTooLargeError(
      `${api.version} gives at most ${api.perPageMax} rows a page, not ${perPage}: ask for fewer`,
      { foundation: options.name, end: 'Cloud Controller', rowsMax: api.perPageMax },
    )

  /** With `auto` an API that is switched off, or comes in its place, is found without a restart. */
  const page = async (
    query: Partial<TimeWindow> & { readonly page: number; readonly perPage: number },
    signal: AbortSignal,
  ): Promise<AuditEventPage> => {
    const api = used ?? auditEventsApis[(await discover(signal)).auditEvents]
    try {
      return await readFrom(api, query, signal)
    } catch (error) {
      if (!isAuto || !(error instanceof ApiUnavailableError)) throw error
      const other = auditEventsApis[(await discover(signal)).auditEvents]
      if (other === api) throw error
      return readFrom(other, query, signal)
    }
  }

  const ownRoles = async (userGuid: string, signal: AbortSignal): Promise<readonly string[] | null> => {
    const roles: string[] = []
    try {
      for (let number = 1, seen = 0; ; number++) {
        const path = ownRolesPath(userGuid, number)
        const found = await client.get(path, (answer, facts) => readRoles(answer, facts), signal)
        roles.push(...found.roles)
        seen += found.count
        if (found.count === 0 || seen >= found.total) return roles.sort()
      }
    } catch (error) {
      if (error instanceof ApiUnavailableError) return null
      throw error
    }
  }

  return {
    discover,
    async rights(signal, fresh = false) {
      const { scopes, subject } = await client.token(signal, fresh)
      const fromSec = Math.floor(deps.clock.now() / 1000)
      let permitted = true
      try {
        await page({ fromSec, toSec: fromSec + 1, page: 1, perPage: 1 }, signal)
      } catch (error) {
        if (!(error instanceof NotPermittedError)) throw error
        permitted = false
      }
      const isSubset = permitted && subject !== null && seesWith(scopes) === 'subset'
      const roles = isSubset ? await ownRoles(subject, signal) : null
      return rightsOf(client.identity, scopes, permitted, roles)
    },
    onScopes: listener => client.onToken(({ scopes }) => listener(scopes)),
    auditEvents: (query, signal) => page(query, signal),
    async countAuditEvents(window, signal) {
      const { totalResults } = await page({ ...window, page: 1, perPage: 1 }, signal)
      return totalResults
    },
    async oldestAuditEventSec(signal) {
      const { resources } = await page({ page: 1, perPage: 1 }, signal)
      return oldestSec(resources[0], options.name)
    },
    get perPageMax() {
      return Math.min(rowsMax, (used ?? auditEventsApis.v3).perPageMax)
    },
    get apiVersion() {
      return used?.version ?? null
    },
    get identity() {
      return client.identity
    },
    get skewMs() {
      return client.skewMs
    },
    get rateLimit() {
      return client.rateLimit
    },
    close: () => client.close(),
  }
}

function readPage(api: AuditEventsApi, answer: Answer, perPage: number, facts: FaultFacts): AuditEventPage {
  const broken = (why: string) =>
    new BrokenAnswerError(
      `the answer of Cloud Controller is no page of audit events (${why}); nothing of it counts`,
      facts,
    )
  try {
    const { totalResults, resources } = api.split(answer.text)
    if (resources.length > perPage) throw broken(`${resources.length} rows where ${perPage} were asked for`)
    return { totalResults, resources, bytes: answer.bytes }
  } catch (error) {
    if (!(error instanceof MalformedPageError)) throw error
    const type = answer.headers.get('content-type')?.split(';')[0]?.slice(0, 40) ?? 'no content type'
    throw broken(`${answer.bytes} bytes of ${type}: ${error.message}`)
  }
}

function readRoles(answer: Answer, facts: FaultFacts): RolesPage {
  const page = rolesPageOf(answer.text)
  if (page !== null) return page
  throw new BrokenAnswerError(
    'the answer of Cloud Controller is no page of roles; nothing of it counts',
    facts,
  )
}

function oldestSec(oldest: RawEvent | undefined, foundation: string): number | null {
  if (!oldest) return null
  const sec = rawCreatedAtSec(oldest)
  if (sec === null)
    throw new BrokenAnswerError('the oldest audit event of Cloud Controller has no valid created_at', {
      foundation,
      end: 'Cloud Controller',
    })
  return sec
}
