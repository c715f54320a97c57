import { asError, type Clock, orAborted } from '@cf-audit-drain/pipeline'
import type { IssuedToken } from './token-answer.ts'

const renewEarlySec = 60
/** With less left a request might arrive too late. */
const usableForSec = 5
/** How often a renewal that failed is tried again while the token before it is good. */
const againMs = 5_000

/** What `onFailure` makes known. */
export function tokenKept(error: unknown): string {
  return `${asError(error).message}; the token before it is used as long as it is good`
}

/** Whence a client has its tokens. */
export type TokenSource = Pick<TokenKeeper, 'get' | 'renewed' | 'expire'>

/**
 * Keeps one token and renews it 60 s before it expires (a very short-lived one at half its life), by our monotonic
 * clock from `expires_in`: the clocks of UAA and this machine need not agree. One request at a time, however many wait.
 * While the renewal fails the token before it is given, as long as it can be used.
 */
export class TokenKeeper {
  readonly #clock: Clock
  readonly #request: () => Promise<IssuedToken>
  readonly #onFailure: (error: unknown) => void
  #token: IssuedToken | null = null
  #renewAt = 0
  #usableUntil = 0
  #asking: Promise<IssuedToken> | null = null
  /** Why the last renewal failed. */
  #failure: unknown = null

  /**
   * `request` must end by itself when the client is closed; a caller that gives up does not stop it for others.
   * `onFailure` is told of a renewal that failed while the token before it is good.
   */
  constructor(
    clock: Clock,
    request: () => Promise<IssuedToken>,
    onFailure: (error: unknown) => void = () => undefined,
  ) {
    this.#clock = clock
    this.#request = request
    this.#onFailure = onFailure
  }

  async get(signal: AbortSignal): Promise<IssuedToken> {
    signal.throwIfAborted()
    if (this.#token && this.#clock.monotonic() < this.#renewAt) return this.#token
    this.#asking ??= this.#ask()
    return orAborted(this.#asking, signal)
  }

  /** The next one who asks renews it; while that fails it stays. */
  expire(): void {
    this.#renewAt = Number.NEGATIVE_INFINITY
  }

  /**
   * A token other than `refused`. While there is none `refused` stays for the others: it may have been refused for one request
   * only, by one of several clients.
   * @throws what `request` threw
   */
  async renewed(refused: IssuedToken, signal: AbortSignal): Promise<IssuedToken> {
    if (this.#token === refused) this.expire()
    const token = await this.get(signal)
    if (token === refused) throw this.#failure
    return token
  }

  async #ask(): Promise<IssuedToken> {
    const askedAt = this.#clock.monotonic()
    try {
      const token = await this.#request()
      const usableSec = Math.max(token.expiresInSec - renewEarlySec, token.expiresInSec / 2)
      this.#renewAt = askedAt + usableSec * 1000
      this.#usableUntil = askedAt + (token.expiresInSec - usableForSec) * 1000
      this.#token = token
      return token
    } catch (error) {
      const nowMs = this.#clock.monotonic()
      if (this.#token === null || nowMs >= this.#usableUntil) throw error
      this.#renewAt = Math.min(nowMs + againMs, this.#usableUntil)
      this.#failure = error
      this.#onFailure(error)
      return this.#token
    } finally {
      this.#asking = null
    }
  }
}
