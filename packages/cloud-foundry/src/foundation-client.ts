import { cloudControllerFault, type FaultContext } from './answer-fault.ts'
import type { ApiVersion } from './audit-events-api.ts'
import { Connections } from './connections.ts'
import { type Discovery, discovered, requireV2, saysV3 } from './discovery.ts'
import { endUrl } from './end-url.ts'
import { CloudFoundryError, CredentialsError, type End, type FaultFacts, RateLimitedError } from './errors.ts'
import { type Answer, type Call, type ExchangeLimits, exchange } from './exchange.ts'
import type { Identity } from './identity.ts'
import { linkedAbort } from './linked-abort.ts'
import { Login } from './login.ts'
import type { Deps, FoundationOptions } from './options.ts'
import { type Pass, RateGate } from './rate-gate.ts'
import { Redaction } from './redaction.ts'
import { newRequestId } from './request-id.ts'
import { type RateLimit, rateLimitedForMs, rateLimitOf } from './retry-after.ts'
import { type Attempt, defaultRetryPolicy, type RetryPolicy, retrying } from './retrying.ts'
import { Skew } from './skew.ts'
import { Slots } from './slots.ts'
import { type IssuedToken, issuedToken, uaaFault } from './token-answer.ts'
import { TokenKeeper, type TokenSource, tokenKept } from './token-keeper.ts'
import { Trust } from './trust.ts'

/** Token requests are shared: who waits longer for UAA's rate limit does so in its own retry. More than a timer's slack. */
const tokenPatienceMs = 1000

/** One request made of an end and what it answered, with what an error about it would say. */
interface Exchanged {
  readonly answer: Answer
  readonly context: FaultContext
}

/** Requests to one foundation: who asks (tokens), how often (slots, rate limit), and how often again (retry). */
export class FoundationClient {
  readonly #options: FoundationOptions
  readonly #deps: Deps
  readonly #api: URL
  readonly #uaa: URL | null
  readonly #limits: ExchangeLimits
  readonly #policy: RetryPolicy
  readonly #connections: Connections
  readonly #slots: Slots
  readonly #gates: Readonly<Record<End, RateGate>>
  readonly #tokens: TokenSource
  readonly #skew: Skew
  readonly #login: Login
  readonly #redaction = new Redaction()
  readonly #tokenListeners = new Set<(token: IssuedToken) => void>()
  readonly #closing = new AbortController()
  #closed: Promise<void> | null = null
  #discovery: Discovery | null = null
  #rateLimit: RateLimit | null = null
  /** The ends that have answered as themselves. */
  readonly #known = new Set<End>()

  /** `tokens`: another client's, so that both are logged in as one. */
  constructor(options: FoundationOptions, deps: Deps, tokens: TokenSource | null = null) {
    this.#options = options
    this.#deps = deps
    this.#api = this.#endUrl(options.api, 'Cloud Controller', 'api')
    this.#uaa = options.uaa === undefined ? null : this.#endUrl(options.uaa, 'UAA', 'uaa')
    const requestTimeoutMs = options.requestTimeoutMs ?? 60_000
    this.#limits = {
      requestTimeoutMs,
      standstillMs: Math.min(options.standstillMs ?? 30_000, requestTimeoutMs),
      bodyBytesMax: options.bodyBytesMax ?? 256 * 1024 * 1024,
    }
    this.#policy = { ...defaultRetryPolicy, ...options.retry }
    const connectionsMax = options.maxInFlight ?? 2
    this.#connections = new Connections({
      trust:
        options.caFile === undefined ? null : new Trust(options.caFile, message => this.#warn(message, null)),
      connectionsMax,
      connectTimeoutMs: Math.min(10_000, requestTimeoutMs),
      env: deps.env ?? process.env,
    })
    this.#slots = new Slots(connectionsMax)
    this.#gates = { UAA: new RateGate(deps.clock), 'Cloud Controller': new RateGate(deps.clock) }
    this.#skew = new Skew(deps.clock)
    this.#login = new Login(options, deps.clock, this.#redaction)
    this.#tokens =
      tokens ??
      new TokenKeeper(
        deps.clock,
        () => this.#requestToken(this.#closing.signal),
        error => this.#warn(tokenKept(error), null),
      )
  }

  get skewMs(): number | null {
    return this.#skew.ms
  }

  get rateLimit(): RateLimit | null {
    return this.#rateLimit
  }

  discover(signal: AbortSignal): Promise<Discovery> {
    return this.#retrying(this.#policy, signal, (attempt, all) => this.#discover(attempt, all))
  }

  get tokens(): TokenSource {
    return this.#tokens
  }

  get identity(): Identity {
    return this.#login.identity
  }

  get exchangesRefreshTokens(): boolean {
    return this.#login.isExchanged
  }

  isLoginChanged(): Promise<boolean> {
    return this.#login.isChanged()
  }

  /** The one in use. `fresh`: one just issued, if UAA can be reached. */
  token(signal: AbortSignal, fresh = false, policy = this.#policy): Promise<IssuedToken> {
    if (fresh) this.#tokens.expire()
    return this.#retrying(policy, signal, (_, all) => this.#tokens.get(all))
  }

  /** Told of each token before it is used for the first time. Returns what ends that. */
  onToken(listener: (token: IssuedToken) => void): () => void {
    this.#tokenListeners.add(listener)
    return () => this.#tokenListeners.delete(listener)
  }

  /** GET with a token; `read` turns a 200 into what is wanted, and what it throws is retried like any other failure. */
  get<T>(
    path: string,
    read: (answer: Answer, facts: FaultFacts) => T,
    signal: AbortSignal,
    policy: RetryPolicy = this.#policy,
  ): Promise<T> {
    return this.#retrying(policy, signal, async (attempt, all) => {
      const { answer, context } = await this.#authorized(path, attempt, all)
      if (answer.status !== 200)
        throw cloudControllerFault(answer, context, path.startsWith('/v2/') ? 'v2' : 'v3')
      const result = read(answer, context.facts)
      this.#known.add('Cloud Controller')
      return result
    })
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closing.abort(new Error(`the client of foundation "${this.#options.name}" is closed`))
      this.#closed = this.#connections.close()
    }
    return this.#closed
  }

  async #retrying<T>(
    policy: RetryPolicy,
    signal: AbortSignal,
    run: (attempt: Attempt, all: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const all = linkedAbort(signal, this.#closing.signal)
    const { clock, random } = this.#deps
    const onRetry = (error: CloudFoundryError, delayMs: number, number: number) => {
      // Also when the 429 did not say for how long.
      if (error instanceof RateLimitedError && (error.end === 'UAA' || error.end === 'Cloud Controller'))
        this.#gates[error.end].pause(delayMs)
      this.#warn(`${error.message}; try ${number + 1} of ${policy.tries} in ${Math.round(delayMs)} ms`, error)
    }
    try {
      all.signal.throwIfAborted()
      return await retrying(
        attempt => run(attempt, all.signal),
        policy,
        { clock, random, onRetry },
        all.signal,
      )
    } finally {
      all.unlink()
    }
  }

  /** A token that is refused is renewed once, and the request repeated once. */
  async #authorized(path: string, attempt: Attempt, signal: AbortSignal): Promise<Exchanged> {
    const token = await this.#tokens.get(signal)
    const first = await this.#ask(path, token, attempt, signal)
    if (first.answer.status !== 401) return first
    return this.#ask(path, await this.#tokens.renewed(token, signal), attempt, signal)
  }

  async #ask(
    path: string,
    token: IssuedToken | null,
    attempt: Attempt,
    signal: AbortSignal,
  ): Promise<Exchanged> {
    if (token !== null) this.#redaction.add(token.accessToken)
    const headers = {
      accept: 'application/json',
      ...(token && { authorization: `Bearer ${token.accessToken}` }),
    }
    const call = { end: 'Cloud Controller', method: 'GET', base: this.#api, path, headers } as const
    const exchanged = await this.#exchange(call, attempt, signal)
    const { answer, context } = exchanged
    this.#skew.note(answer.headers.get('date'), answer.headersMs)
    this.#rateLimit = rateLimitOf(answer.headers) ?? (token ? null : this.#rateLimit)
    this.#gates[call.end].note(this.#rateLimit, context.theirNowMs)
    return exchanged
  }

  async #discover(attempt: Attempt, signal: AbortSignal): Promise<Discovery> {
    const { answer, context } = await this.#ask('/', null, attempt, signal)
    if (answer.status !== 200) throw cloudControllerFault(answer, context)
    const insecure = this.#options.insecure === true
    const { isV3Named, ...root } = discovered(answer, {
      ...context,
      api: this.#api,
      uaa: this.#uaa,
      insecure,
    })
    this.#known.add('Cloud Controller')
    const named = { v2: root.v2, v3: isV3Named }
    const discovery = { ...root, auditEvents: await this.#apiVersion(named, attempt, signal) }
    this.#discovery = discovery
    return discovery
  }

  /** Only where v2 is on is there anything to choose; v2 is taken on Cloud Controller's own word only. */
  async #apiVersion(
    named: { readonly v2: boolean; readonly v3: boolean },
    attempt: Attempt,
    signal: AbortSignal,
  ): Promise<ApiVersion> {
    const { apiVersion = 'v3' } = this.#options
    if (apiVersion !== 'auto') return apiVersion
    if (!named.v2) return 'v3'
    if (named.v3) {
      const { answer, context } = await this.#ask('/v3', null, attempt, signal)
      if (saysV3(answer, context)) return 'v3'
    }
    const { answer, context } = await this.#ask('/v2/info', null, attempt, signal)
    requireV2(answer, context)
    return 'v2'
  }

  async #requestToken(signal: AbortSignal): Promise<IssuedToken> {
    const attempt = { number: 1, patienceMs: tokenPatienceMs }
    const base = this.#uaa ?? new URL((this.#discovery ?? (await this.#discover(attempt, signal))).uaa)
    try {
      return await this.#logIn(base, attempt, signal)
    } catch (error) {
      // UAA may have moved.
      if (!(error instanceof RateLimitedError)) this.#discovery = null
      if (error instanceof CredentialsError) this.#login.failed()
      throw error
    }
  }

  async #logIn(base: URL, attempt: Attempt, signal: AbortSignal): Promise<IssuedToken> {
    const { headers, body } = await this.#login.request()
    const call = { end: 'UAA', method: 'POST', base, path: '/oauth/token', headers, body } as const
    const { answer, context } = await this.#exchange(call, attempt, signal)
    if (answer.status !== 200) {
      const fault = uaaFault(answer, context)
      if (fault instanceof CredentialsError && this.#login.refused(fault.code))
        return this.#logIn(base, attempt, signal)
      throw fault
    }
    const token = issuedToken(answer, context)
    this.#redaction.add(token.accessToken)
    this.#login.issued(token)
    this.#known.add('UAA')
    for (const listener of this.#tokenListeners) listener(token)
    return token
  }

  /** One request, when the rate limit and the other requests under way let it. */
  async #exchange(call: Omit<Call, 'requestId'>, attempt: Attempt, signal: AbortSignal): Promise<Exchanged> {
    const gate = this.#gates[call.end]
    const pass = await this.#pass(call.end, attempt.patienceMs, signal)
    try {
      const requestId = newRequestId()
      const answer = await this.#send({ ...call, requestId }, attempt, signal)
      const context = this.#context(call, requestId, answer)
      if (answer.status !== 429) {
        gate.answered(pass)
        return { answer, context }
      }
      // Before anybody hears of it: the other requests of the foundation must not run into it too.
      const tryAgainMs = gate.refused(rateLimitedForMs(answer.headers, context.theirNowMs))
      return { answer, context: { ...context, tryAgainMs } }
    } finally {
      gate.leave(pass)
    }
  }

  async #send(call: Call, attempt: Attempt, signal: AbortSignal): Promise<Answer> {
    const giveBack = await this.#slots.take(signal)
    const startedAt = this.#deps.clock.monotonic()
    const tell = (status: number | null, error: string | null, bytes: number) =>
      this.#deps.onRequest?.({
        end: call.end,
        method: call.method,
        path: call.path.replace(/\?.*$/, ''),
        status,
        error,
        durationMs: this.#deps.clock.monotonic() - startedAt,
        bytes,
        attempt: attempt.number,
        requestId: call.requestId,
      })
    try {
      const answer = await exchange(this.#withUserAgent(call), this.#exchangeDeps(), signal)
      tell(answer.status, null, answer.bytes)
      return answer
    } catch (error) {
      tell(null, error instanceof CloudFoundryError ? error.name : 'Aborted', 0)
      throw error
    } finally {
      giveBack()
    }
  }

  async #pass(end: End, patienceMs: number, signal: AbortSignal): Promise<Pass> {
    const gate = this.#gates[end]
    const pass = await gate.pass(patienceMs, signal)
    if (pass) return pass
    const retryAfterMs = gate.closedForMs
    const forSec = Math.ceil(Math.max(retryAfterMs, gate.askedForMs) / 1000)
    const again =
      retryAfterMs > 0 ? `tried again in ${Math.ceil(retryAfterMs / 1000)} s` : 'one request tries it now'
    throw new RateLimitedError(
      `${end} still limits the rate of requests for ${forSec} s; ${again}; nothing was sent`,
      { foundation: this.#options.name, end, retryAfterMs },
    )
  }

  #context(call: Pick<Call, 'end' | 'base'>, requestId: string, answer: Answer): FaultContext {
    return {
      facts: { foundation: this.#options.name, end: call.end, requestId, status: answer.status },
      origin: call.base.origin,
      identity: this.#login.identity,
      redaction: this.#redaction,
      known: this.#known.has(call.end),
      theirNowMs: this.#deps.clock.now() + (this.#skew.ms ?? 0),
      tryAgainMs: null,
    }
  }

  #withUserAgent(call: Call): Call {
    return {
      ...call,
      headers: { ...call.headers, 'user-agent': this.#options.userAgent ?? 'cf-audit-drain' },
    }
  }

  #exchangeDeps() {
    return {
      foundation: this.#options.name,
      connections: this.#connections,
      clock: this.#deps.clock,
      limits: this.#limits,
      caFile: this.#options.caFile,
    }
  }

  #endUrl(text: string, end: End, setting: string): URL {
    return endUrl(text, {
      foundation: this.#options.name,
      end,
      setting,
      insecure: this.#options.insecure === true,
    })
  }

  #warn(message: string, error: CloudFoundryError | null): void {
    this.#deps.onWarning?.({ message, error })
  }
}
