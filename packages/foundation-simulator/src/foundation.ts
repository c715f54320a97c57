import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, type Random, seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import type { Memberships } from './access.ts'
import type { Answer } from './answer.ts'
import { type CloudController, cloudControllerAnswer, type PageDisturbance } from './cloud-controller.ts'
import { CollectionStore } from './collections.ts'
import { deliver } from './deliver.ts'
import { EventStore, type Selection, type StoredRow } from './event-store.ts'
import { FaultPlan, type FaultRule } from './faults.ts'
import { faultyAnswer } from './faulty-answer.ts'
import type { Foundation, SimulatorOptions } from './foundation-contract.ts'
import { History, type ShownPage, type ShownRow, shownRow } from './history.ts'
import { ListeningServer } from './listening-server.ts'
import { malformedText } from './malformed-event.ts'
import { RateLimiter } from './rate-limiter.ts'
import { RefreshTokens } from './refresh-tokens.ts'
import { RequestCounters } from './request-counters.ts'
import { completeRow, type SimulatedRow } from './simulated-row.ts'
import { Tasks } from './tasks.ts'
import { type TokenClaims, TokenIssuer } from './token-issuer.ts'
import { type SimulatedClient, uaaAnswer } from './uaa.ts'

export type { Foundation, SimulatorOptions } from './foundation-contract.ts'

export const defaultClients: readonly SimulatedClient[] = [
  { id: 'cf-audit-drain', secret: 'a-secret-of-the-simulator', scopes: ['cloud_controller.global_auditor'] },
]

/** Starts UAA and Cloud Controller, listening when the promise resolves. */
export async function startFoundation(options: SimulatorOptions = {}): Promise<Foundation> {
  const foundation = new RunningFoundation(options)
  await foundation.start()
  return foundation
}

class RunningFoundation implements Foundation {
  readonly clock: Clock
  readonly random: Random
  readonly faults: FaultPlan
  readonly requests = new RequestCounters()
  readonly collections = new CollectionStore()
  readonly tasks: Tasks
  skewMs = 0
  readonly #options: SimulatorOptions
  readonly #clients: readonly SimulatedClient[]
  readonly #scopes = new Map<string, readonly string[]>()
  readonly #memberships: Map<string, Memberships>
  readonly #refreshTokens: RefreshTokens
  readonly #history: History
  readonly #store: EventStore
  readonly #apiServer: ListeningServer
  readonly #uaaServer: ListeningServer
  readonly #stopping = new AbortController()
  #controller: CloudController | null = null

  constructor(options: SimulatorOptions) {
    this.#options = options
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? seededRandom(1)
    this.#clients = options.clients ?? defaultClients
    this.#memberships = new Map(Object.entries(options.memberships ?? {}))
    this.#refreshTokens = new RefreshTokens(this.random, options.rotateRefreshTokens ?? false)
    this.tasks = new Tasks(this.collections, options.retentionDays ?? 31)
    this.faults = new FaultPlan(this.random, () => this.clock.now())
    this.#history = new History({ pages: options.keepPages ?? true, file: options.historyFile })
    this.#store = new EventStore(rows => this.#history.rows(rows))
    this.#apiServer = new ListeningServer((q, s) => this.#onApi(q, s), options.port ?? 0, options)
    this.#uaaServer = new ListeningServer((q, s) => this.#onUaa(q, s), options.uaaPort ?? 0, options)
  }

  async start(): Promise<void> {
    await this.#uaaServer.listen()
    await this.#apiServer.listen()
    const { rateLimit, tokenLifetimeSec, externalUrl, externalUaaUrl, externalLoginUrl } = this.#options
    const uaa = externalUaaUrl ?? this.uaa
    const issuer = new TokenIssuer(this.random, () => this.#nowMs(), tokenLifetimeSec ?? 43_199, uaa)
    const addresses = { api: externalUrl ?? this.api, uaa, login: externalLoginUrl ?? uaa }
    this.#controller = {
      store: this.#store,
      collections: this.collections,
      tasks: this.tasks,
      nowMs: () => this.#nowMs(),
      issuer,
      discovery: {
        addresses,
        v2: this.#options.v2 ?? false,
        v3AuditEvents: this.#options.v3AuditEvents ?? true,
        rateLimit,
      },
      rateLimiter: rateLimit === undefined ? null : new RateLimiter(rateLimit, () => this.#nowMs()),
      memberships: this.#memberships,
      reveal: () => this.#store.reveal(this.clock.now()),
      remove: rows => this.#remove(rows),
    }
  }

  get api(): string {
    return this.#apiServer.url
  }

  get uaa(): string {
    return this.#uaaServer.url
  }

  get clientId(): string {
    return this.#clients[0]?.id ?? ''
  }

  get clientSecret(): string {
    return this.#clients[0]?.secret ?? ''
  }

  insert(rows: Iterable<SimulatedRow>): readonly string[] {
    const defaults = {
      nowMs: this.#nowMs(),
      random: this.random,
      apiUrl: this.#running.discovery.addresses.api,
    }
    const completed = Iterator.from(rows).map(row => {
      const complete = completeRow(row, defaults)
      this.tasks.met(complete)
      return complete
    })
    return this.#store.insert(completed, this.clock.now()).map(({ guid }) => guid)
  }

  delete(guids: Iterable<string>): number {
    this.#store.reveal(this.clock.now())
    return this.#remove([...guids].map(guid => this.#store.byGuid(guid)).filter(row => row !== undefined))
  }

  countOnly(guids: Iterable<string>): void {
    this.#store.withhold(guids)
  }

  truncate(): void {
    this.#store.reveal(this.clock.now())
    this.#remove(this.#store.oldest(Number.POSITIVE_INFINITY))
  }

  restore(toMs: number): { readonly removed: number; readonly returned: number } {
    this.#store.reveal(this.clock.now())
    const rows = this.#store.everVisible
    const newer = rows.filter(row => row.firstVisibleAtMs > toMs)
    const gone = rows.filter(row => row.firstVisibleAtMs <= toMs && row.goneAtMs > toMs)
    return { removed: this.#remove(newer), returned: this.#store.revive(gone).length }
  }

  undelete(guids: Iterable<string>): number {
    const wanted = new Set(guids)
    return this.#store.revive(this.#store.everVisible.filter(({ guid }) => wanted.has(guid))).length
  }

  runCleanUp(limit = Number.POSITIVE_INFINITY): number {
    this.#store.reveal(this.clock.now())
    const keptFromUs = (this.#nowMs() - (this.#options.retentionDays ?? 31) * 86_400_000) * 1000
    const old = this.#store.oldest(Number.POSITIVE_INFINITY).filter(row => row.createdAtUs < keptFromUs)
    return this.#remove(old.slice(0, limit))
  }

  shown(): readonly ShownRow[] {
    this.#store.reveal(this.clock.now())
    return this.#store.everVisible.map(shownRow)
  }

  shownPages(): readonly ShownPage[] {
    return this.#history.pages
  }

  setScopes(id: string, scopes: readonly string[]): void {
    this.#scopes.set(id, scopes)
  }

  setMemberships(id: string, memberships: Memberships): void {
    this.#memberships.set(id, memberships)
  }

  refreshToken(userGuid: string, clientId = 'cf'): string {
    return this.#refreshTokens.issue(userGuid, clientId)
  }

  revokeRefreshTokens(): void {
    this.#refreshTokens.revokeAll()
  }

  token(claims: TokenClaims): string {
    return this.#running.issuer.issue(claims).accessToken
  }

  text(guid: string): string | null {
    const row = this.#store.byGuid(guid)
    return row === undefined ? null : this.#store.text(row)
  }

  async uaaAway(durationMs: number): Promise<void> {
    await this.#uaaServer.close()
    await this.clock.sleep(durationMs, this.#stopping.signal).catch(() => {})
    if (!this.#stopping.signal.aborted) await this.#uaaServer.listen()
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([this.#apiServer.close(), this.#uaaServer.close()])
    this.#history.close()
  }

  get #running(): CloudController {
    if (this.#controller === null) throw new Error('simulator: not started')
    return this.#controller
  }

  #nowMs(): number {
    return this.clock.now() + this.skewMs
  }

  #remove(rows: readonly StoredRow[]): number {
    const removed = this.#store.remove(rows, this.clock.now())
    this.#history.deleted(removed, this.clock.now())
    return removed.length
  }

  #onUaa(request: IncomingMessage, response: ServerResponse): void {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const path = (request.url ?? '/').split('?')[0] ?? '/'
      const rules = this.faults.strike(path, 1)
      this.#change(rules)
      const away = rules.find(({ fault }) => fault === 'uaa-refused')
      if (away !== undefined) return
      const { issuer } = this.#running
      const uaa = {
        clients: this.#clients,
        users: this.#options.users ?? [],
        refreshTokens: this.#refreshTokens,
        issuer,
        scopesOf: (id: string, configured: readonly string[]) => this.#scopes.get(id) ?? configured,
      }
      const right = (): Answer => uaaAnswer(request, Buffer.concat(pieces).toString(), uaa)
      const answer = firstOf(rules, rule => faultyAnswer(rule, path)) ?? right()
      this.requests.count(path, answer.status, 0)
      this.#send(request, response, answer, rules).catch(() => response.destroy())
    })
  }

  #onApi(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    const [path = '/', query = ''] = (request.url ?? '/').split('?')
    const page = Number(new URLSearchParams(query).get('page') ?? '1')
    const rules = this.faults.strike(path, page)
    this.#change(rules)
    const wrong = firstOf(rules, rule => faultyAnswer(rule, path))
    const answered =
      wrong === null
        ? cloudControllerAnswer(this.#running, request, this.#disturbance(rules))
        : { answer: wrong, page: null }
    this.requests.count(path, answered.answer.status, answered.page?.rows.length ?? 0)
    this.#send(request, response, answered.answer, rules)
      .then(whole => {
        if (answered.page === null || !this.#history.wanted) return
        const { rows, totalResults } = answered.page
        this.#history.page({
          atMs: this.clock.now(),
          request: request.url ?? '/',
          guids: rows.map(({ guid }) => guid),
          totalResults,
          whole,
        })
      })
      .catch(() => response.destroy())
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Answer,
    rules: readonly FaultRule[],
  ): Promise<boolean> {
    const { latencyMs } = this.#options
    if (latencyMs !== undefined) await this.clock.sleep(latencyMs)
    return deliver(request, response, answer, rules, {
      clock: this.clock,
      random: this.random,
      dateMs: this.#nowMs(),
    })
  }

  /** What a fault does to the foundation itself, before the request is answered. */
  #change(rules: readonly FaultRule[]): void {
    for (const rule of rules) {
      if (rule.fault === 'tokens-revoked') this.#running.issuer.revokeAll()
      if (rule.fault === 'clock-skew') this.skewMs = rule.skewMs ?? 300_000
      if (rule.fault === 'uaa-refused') this.uaaAway(rule.durationMs ?? 1000).catch(() => {})
      if (rule.fault === 'clean-up-between-pages') this.#remove(this.#store.oldest(rule.rows ?? 250))
    }
  }

  #disturbance(rules: readonly FaultRule[]): PageDisturbance {
    const shift = rules.find(({ fault }) => fault === 'page-shift')
    const repeat = rules.find(({ fault }) => fault === 'page-repeat')
    const stale = rules.find(({ fault }) => fault === 'stale-replica')
    const staleMs = this.clock.now() - (stale?.lagMs ?? 600_000)
    return {
      ...(stale && { isThere: (row: StoredRow) => row.firstVisibleAtMs <= staleMs }),
      shift: (shift ? (shift.rows ?? 1) : 0) - (repeat ? (repeat.rows ?? 1) : 0),
      beforeStatements: selection => {
        for (const rule of rules) if (rule.fault === 'malformed-event') this.#insertMalformed(rule, selection)
      },
      betweenStatements: selection => {
        for (const rule of rules) this.#changeTable(rule, selection)
      },
    }
  }

  #insertMalformed({ rows = 1 }: FaultRule, selection: Selection): void {
    const make = (): SimulatedRow => {
      const createdAtUs = this.#withinUs(selection)
      return { createdAtUs, text: malformedText(this.random, createdAtUs) }
    }
    this.insert(Array.from({ length: rows }, make))
  }

  #changeTable({ fault, rows = 1 }: FaultRule, selection: Selection): void {
    if (fault === 'insert-between-statements') {
      this.insert(Array.from({ length: rows }, () => ({ createdAtUs: this.#withinUs(selection) })))
    }
    if (fault === 'vanish-between-statements') {
      this.#remove(this.#store.select({ ...selection, descending: false }, 0, rows))
    }
  }

  /** A moment that the selection takes in. */
  #withinUs({ fromUs, toUs }: Selection): number {
    const end = Math.min(toUs, this.#nowMs() * 1000)
    const start = Math.min(end, Math.max(fromUs, end - 3_600_000_000))
    return Math.min(end - 1, start + Math.floor(this.random() * (end - start)))
  }
}

function firstOf(rules: readonly FaultRule[], make: (rule: FaultRule) => Answer | null): Answer | null {
  for (const rule of rules) {
    const answer = make(rule)
    if (answer !== null) return answer
  }
  return null
}
