import type { Clock } from '@cf-audit-drain/pipeline'
import { commonFault, type FaultContext } from './answer-fault.ts'
import { Connections } from './connections.ts'
import { CloudFoundryError, CredentialsError, type FaultFacts, RefusedError } from './errors.ts'
import { type Answer, exchange } from './exchange.ts'
import { parsedObject } from './parsed-object.ts'
import { Redaction } from './redaction.ts'
import { newRequestId } from './request-id.ts'
import { type IssuedToken, issuedToken } from './token-answer.ts'
import { TokenKeeper, tokenKept } from './token-keeper.ts'
import { Trust } from './trust.ts'

export interface TokenEndpointOptions {
  /** https://, or http:// on this machine. */
  readonly url: string
  readonly clientId: string
  /** Called before each request, so a rotated secret file is followed. */
  readonly clientSecret: () => string
  readonly scope: string | null
  readonly audience: string | null
  /** PEM file of CAs trusted besides Node's own roots; read again when it changes. */
  readonly caFile: string | null
  readonly requestTimeoutMs: number
}

export interface TokenEndpointDeps {
  readonly clock: Clock
  /** One sentence, no secrets. */
  readonly onWarning: (message: string) => void
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read; default process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

const end = 'token endpoint'
const retryMs = 300
/** How long a failure is tried again before it is told. */
const patienceMs = 2_000

/**
 * Tokens by the client-credentials grant (RFC 6749 §4.4) of an OAuth server that belongs to no foundation: the one that
 * Kafka trusts. One request at a time, a token is kept until shortly before it expires. No error holds a secret or a token.
 */
export class TokenEndpoint {
  readonly #options: TokenEndpointOptions
  readonly #clock: Clock
  readonly #url: URL
  readonly #connections: Connections
  readonly #tokens: TokenKeeper
  readonly #redaction = new Redaction()
  readonly #closing = new AbortController()

  constructor(options: TokenEndpointOptions, { clock, onWarning, env }: TokenEndpointDeps) {
    this.#options = options
    this.#clock = clock
    this.#url = new URL(options.url)
    this.#connections = new Connections({
      trust: options.caFile === null ? null : new Trust(options.caFile, onWarning),
      connectionsMax: 1,
      connectTimeoutMs: options.requestTimeoutMs,
      env: env ?? process.env,
    })
    this.#tokens = new TokenKeeper(
      clock,
      () => this.#request(),
      error => onWarning(tokenKept(error)),
    )
  }

  /**
   * While the endpoint fails, the token before it, as long as it can be used.
   * @throws UnreachableError, BrokenAnswerError, ServerError, RateLimitedError, CredentialsError, RefusedError: whoever
   *   needs a token asks again
   */
  token(): Promise<IssuedToken> {
    return this.#tokens.get(this.#closing.signal)
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the client of the token endpoint is closed'))
    await this.#connections.close()
  }

  /** A hiccup is not worth an error: tried again for a moment. */
  async #request(): Promise<IssuedToken> {
    const startedMs = this.#clock.monotonic()
    for (;;)
      try {
        return await this.#ask()
      } catch (error) {
        const isPassing = error instanceof CloudFoundryError && error.retryable
        if (!isPassing || this.#clock.monotonic() - startedMs > patienceMs) throw error
        await this.#clock.sleep(retryMs, this.#closing.signal)
      }
  }

  async #ask(): Promise<IssuedToken> {
    const { requestTimeoutMs, caFile } = this.#options
    const requestId = newRequestId()
    const answer = await exchange(
      {
        end,
        method: 'POST',
        base: new URL(this.#url.origin),
        path: `${this.#url.pathname}${this.#url.search}`,
        headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
        body: this.#body(),
        requestId,
      },
      {
        foundation: null,
        connections: this.#connections,
        clock: this.#clock,
        limits: { requestTimeoutMs, standstillMs: requestTimeoutMs, bodyBytesMax: 1024 * 1024 },
        caFile: caFile ?? undefined,
      },
      this.#closing.signal,
    )
    const facts = { foundation: null, end, requestId, status: answer.status } as const
    if (answer.status !== 200) throw this.#fault(answer, facts)
    const token = issuedToken(answer, { origin: this.#url.origin, facts })
    this.#redaction.add(token.accessToken)
    return token
  }

  #body(): string {
    const { clientId, clientSecret, scope, audience } = this.#options
    const secret = clientSecret()
    this.#redaction.add(secret)
    return new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: secret,
      ...(scope === null ? {} : { scope }),
      ...(audience === null ? {} : { audience }),
    }).toString()
  }

  /** Of an answer other than 200: RFC 6749 §5.2. */
  #fault(answer: Answer, facts: FaultFacts): CloudFoundryError {
    const { origin } = this.#url
    const where = `${end} at ${origin}`
    const body = parsedObject(answer.text)
    const [error, description] = [body?.['error'], body?.['error_description']].map(said =>
      typeof said === 'string' ? said : '',
    )
    const said = error ? ` ${this.#redaction.line(`${error} ${description}`)}` : ''
    const context: FaultContext = {
      facts,
      origin,
      identity: {
        kind: 'client',
        name: this.#options.clientId,
        clientId: this.#options.clientId,
        grant: 'client-credentials',
      },
      redaction: this.#redaction,
      known: false,
      theirNowMs: this.#clock.now(),
      tryAgainMs: null,
    }
    const common = commonFault(answer, context, { where, said, facts })
    if (common) return common
    if (answer.status === 401 || error === 'invalid_client' || error === 'unauthorized_client')
      return new CredentialsError(
        `${where} does not know client "${this.#options.clientId}" with this secret, or does not let it use client credentials (${answer.status}${said}): correct clientId and clientSecret`,
        facts,
      )
    return new RefusedError(
      `${where} refuses the token request (${answer.status}${said}): check url, scope and audience`,
      facts,
    )
  }
}
