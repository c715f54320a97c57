import { MalformedPageError, type RawEvent, rawCreatedAtSec } from '@cf-audit-drain/event'
import { type ApiVersion, type AuditEventsApi, auditEventsApis } from './audit-events-api.ts'
import type { EventWindow, TimeWindow } from './audit-events-path.ts'
import type { Discovery } from './discovery.ts'
import {
  AnswerTooLargeError,
  ApiUnavailableError,
  BrokenAnswerError,
  CloudFoundryError,
  type FaultFacts,
  NotPermittedError,
  UnreachableError,
} from './errors.ts'
import type { Answer } from './exchange.ts'
import { FoundationClient } from './foundation-client.ts'
import type { Identity } from './identity.ts'
import { inTime } from './in-time.ts'
import type { Deps, FoundationOptions } from './options.ts'
import { ownRolesPath, type RolesPage, rolesPageOf } from './own-roles.ts'
import type { RateLimit } from './retry-after.ts'
import { triedOnce } from './retrying.ts'
import { type Rights, rightsOf, seesWith } from './rights.ts'
import type { TokenSource } from './token-keeper.ts'

export interface AuditEventPage {
  /** Of the window, by a count made just before the rows were read: not one snapshot with them. */
  readonly totalResults: number
  readonly resources: readonly RawEvent[]
  /** Length of the decoded body. */
  readonly bytes: number
}

/** How closely `rights` looks. */
export interface RightsLook {
  /** With a token just issued, if UAA can be reached: the one in use keeps what it has. */
  readonly fresh?: boolean
  /** Events have just been shown to this token: it need not be tried, and nothing is repeated. */
  readonly isPermitted?: true
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
   * Gets a token and tries it: a token that is no good is an error, one with too few scopes is not, and roles that cannot be
   * read now are not (`rolesFault`): they are asked for once, and for fifteen seconds.
   */
  rights(signal: AbortSignal, look?: RightsLook): Promise<Rights>
  /** Told of the scopes of each token before it is used for the first time. Returns what ends that. */
  onScopes(listener: (scopes: readonly string[]) => void): () => void
  /**
   * One page, ordered by created_at and then guid (v3) or the order of writing (v2). A page beyond the last has no resources.
   * `perPage` above what the API in use gives is an AnswerTooLargeError without a request.
   */
  auditEvents(query: EventWindow, signal: AbortSignal): Promise<AuditEventPage>
  /** `guids`: only those among them, as many as `countableGuids` makes of them, where `countsGuids`. */
  countAuditEvents(window: TimeWindow, signal: AbortSignal, guids?: readonly string[]): Promise<number>
  /** Whether the API in use takes guids: v2 does not. */
  readonly countsGuids: boolean
  /** created_at of the oldest event there still is, in seconds since the epoch; null when there is none. */
  oldestAuditEventSec(signal: AbortSignal): Promise<number | null>
  /** The most rows a page of the API in use may have. */
  readonly perPageMax: number
  /** Null with `auto` before discovery. */
  readonly apiVersion: ApiVersion | null
  /** For another client that is to be the same login: a user's refresh token may be good for one client only. */
  readonly tokens: TokenSource
  /** After UAA refused the login: whether it may do otherwise now, for a secret is another than then, or a token has come since. */
  isLoginChanged(): Promise<boolean>
  /** UAA has given another refresh token for the one that was sent, which may be good no more: no other process can log in by it. */
  readonly exchangesRefreshTokens: boolean
  /** Who asks; of a user known by a refresh token, by name from the first token on. */
  readonly identity: Identity
  /** How far Cloud Controller's clock is ahead of ours, to about a second; null before the first Date header. */
  readonly skewMs: number | null
  /** As last seen; null without a rate limiter, or for a client that is exempt. */
  readonly rateLimit: RateLimit | null
  /** Ends what is under way and every connection. Safe twice. */
  close(): Promise<void>
}

/** Connects nothing yet. `tokens`: of the client whose login this one shares; `onScopes` is told by that one. @throws RefusedUrlError */
export function cloudController(
  options: FoundationOptions,
  deps: Deps,
  tokens: TokenSource | null = null,
): CloudController {
  return new Controller(options, deps, tokens)
}

interface PageQuery extends Partial<TimeWindow> {
  readonly guids?: readonly string[]
  readonly page: number
  readonly perPage: number
}

class Controller implements CloudController {
  readonly #options: FoundationOptions
  readonly #clock: Deps['clock']
  readonly #client: FoundationClient
  /** Null with `auto` before discovery. */
  #api: AuditEventsApi | null
  /** As Cloud Controller told: an operator may have lowered it, of either API. */
  readonly #rowsMax = new Map<ApiVersion, number>()

  constructor(options: FoundationOptions, deps: Deps, tokens: TokenSource | null) {
    this.#options = options
    this.#clock = deps.clock
    this.#client = new FoundationClient(options, deps, tokens)
    const { apiVersion = 'v3' } = options
    this.#api = apiVersion === 'auto' ? null : auditEventsApis[apiVersion]
  }

  get perPageMax(): number {
    const { perPageMax } = auditEventsApis[this.#version]
    return Math.min(this.#rowsMax.get(this.#version) ?? perPageMax, perPageMax)
  }

  get countsGuids(): boolean {
    return auditEventsApis[this.#version].takesGuids
  }

  get apiVersion(): ApiVersion | null {
    return this.#api?.version ?? null
  }

  get #version(): ApiVersion {
    return this.#api?.version ?? 'v3'
  }

  get tokens(): TokenSource {
    return this.#client.tokens
  }

  get identity(): Identity {
    return this.#client.identity
  }

  get exchangesRefreshTokens(): boolean {
    return this.#client.exchangesRefreshTokens
  }

  isLoginChanged(): Promise<boolean> {
    return this.#client.isLoginChanged()
  }

  get skewMs(): number | null {
    return this.#client.skewMs
  }

  get rateLimit(): RateLimit | null {
    return this.#client.rateLimit
  }

  async discover(signal: AbortSignal): Promise<Discovery> {
    const discovery = await this.#client.discover(signal)
    this.#api = auditEventsApis[discovery.auditEvents]
    return discovery
  }

  async rights(signal: AbortSignal, look: RightsLook = {}): Promise<Rights> {
    const policy = look.isPermitted ? triedOnce : undefined
    const { scopes, subject } = await this.#client.token(signal, look.fresh, policy)
    const permitted = look.isPermitted ?? (await this.#isPermitted(signal))
    const isSubset = permitted && subject !== null && seesWith(scopes) === 'subset'
    const roles = isSubset ? await this.#ownRoles(subject, signal) : null
    return rightsOf(this.identity, scopes, permitted, roles, this.#version)
  }

  onScopes(listener: (scopes: readonly string[]) => void): () => void {
    return this.#client.onToken(({ scopes }) => listener(scopes))
  }

  async auditEvents(query: EventWindow, signal: AbortSignal): Promise<AuditEventPage> {
    return this.#page(query, signal)
  }

  async countAuditEvents(
    window: TimeWindow,
    signal: AbortSignal,
    guids?: readonly string[],
  ): Promise<number> {
    const query = { ...window, page: 1, perPage: 1, ...(guids && { guids }) }
    const { totalResults } = await this.#page(query, signal)
    return totalResults
  }

  async oldestAuditEventSec(signal: AbortSignal): Promise<number | null> {
    const { resources } = await this.#page({ page: 1, perPage: 1 }, signal)
    return oldestSec(resources[0], this.#options.name)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #isPermitted(signal: AbortSignal): Promise<boolean> {
    const fromSec = Math.floor(this.#clock.now() / 1000)
    try {
      await this.#page({ fromSec, toSec: fromSec + 1, page: 1, perPage: 1 }, signal)
      return true
    } catch (error) {
      if (!(error instanceof NotPermittedError)) throw error
      return false
    }
  }

  /** With `auto` an API that is switched off, or comes in its place, is found without a restart. */
  async #page(query: PageQuery, signal: AbortSignal): Promise<AuditEventPage> {
    const api = this.#api ?? auditEventsApis[(await this.discover(signal)).auditEvents]
    try {
      return await this.#pageOf(api, query, signal)
    } catch (error) {
      if (this.#options.apiVersion !== 'auto' || !(error instanceof ApiUnavailableError)) throw error
      const other = auditEventsApis[(await this.discover(signal)).auditEvents]
      if (other === api) throw error
      return this.#pageOf(other, query, signal)
    }
  }

  async #pageOf(api: AuditEventsApi, query: PageQuery, signal: AbortSignal): Promise<AuditEventPage> {
    const { page, perPage } = query
    if (perPage > api.perPageMax && perPage <= auditEventsApis.v3.perPageMax)
      throw new AnswerTooLargeError(
        `${api.version} gives at most ${api.perPageMax} rows a page, not ${perPage}: ask for fewer`,
        { foundation: this.#options.name, end: 'Cloud Controller', rowsMax: api.perPageMax },
      )
    const path = api.path(query, page, perPage, query.guids)
    try {
      return await this.#client.get(path, (answer, facts) => readPage(api, answer, perPage, facts), signal)
    } catch (error) {
      if (error instanceof AnswerTooLargeError && error.rowsMax !== null)
        this.#rowsMax.set(api.version, error.rowsMax)
      throw error
    }
  }

  /** Null: this Cloud Controller has no /v3/roles. Whoever waits polls, so nothing of it is repeated, or waited for long. */
  async #ownRoles(
    userGuid: string,
    signal: AbortSignal,
  ): Promise<readonly string[] | CloudFoundryError | null> {
    const late = () =>
      new UnreachableError(`Cloud Controller does not list roles within ${rolesWithinMs / 1000} s`, {
        foundation: this.#options.name,
        end: 'Cloud Controller',
        retryable: true,
      })
    try {
      return await inTime(
        rolesWithinMs,
        { clock: this.#clock, late },
        all => this.#allRoles(userGuid, all),
        signal,
      )
    } catch (error) {
      if (error instanceof ApiUnavailableError) return null
      signal.throwIfAborted()
      if (error instanceof CloudFoundryError) return error
      throw error
    }
  }

  async #allRoles(userGuid: string, signal: AbortSignal): Promise<readonly string[]> {
    const roles: string[] = []
    const read = (answer: Answer, facts: FaultFacts) => readRoles(answer, this.#version, facts)
    for (let number = 1, seen = 0; ; number++) {
      const path = ownRolesPath(userGuid, number)
      const found = await this.#client.get(path, read, signal, rolesPolicy)
      roles.push(...found.roles)
      seen += found.count
      if (found.count === 0 || seen >= found.total) return roles.sort()
    }
  }
}

const rolesWithinMs = 15_000
const rolesPolicy = { ...triedOnce, budgetMs: rolesWithinMs }

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

function readRoles(answer: Answer, api: ApiVersion, facts: FaultFacts): RolesPage {
  const page = rolesPageOf(answer.text, api)
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
