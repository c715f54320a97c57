import type { Clock } from '@cf-audit-drain/pipeline'
import { orAborted } from './linked-abort.ts'
import type { IssuedToken } from './token-answer.ts'

const renewEarlySec = 60

/**
 * Keeps one token and renews it 60 s before it expires (a very short-lived one at half its life), by our monotonic
 * clock from `expires_in`: the clocks of UAA and this machine need not agree. One request at a time, however many wait.
 */
export class TokenKeeper {
  readonly #clock: Clock
  readonly #request: () => Promise<IssuedToken>
  #token: IssuedToken | null = null
  #renewAt = 0
  #asking: Promise<IssuedToken> | null = null

  /** `request` must end by itself when the client is closed; a caller that gives up does not stop it for others. */
  constructor(clock: Clock, request: () => Promise<IssuedToken>) {
    this.#clock = clock
    this.#request = request
  }

  async get(signal: AbortSignal): Promise<IssuedToken> {
    signal.throwIfAborted()
    if (this.#token && this.#clock.monotonic() < this.#renewAt) return this.#token
    this.#asking ??= this.#ask()
    return orAborted(this.#asking, signal)
  }

  /** A token other than `refused`. */
  async renewed(refused: IssuedToken, signal: AbortSignal): Promise<IssuedToken> {
    if (this.#token === refused) this.#token = null
    return this.get(signal)
  }

  async #ask(): Promise<IssuedToken> {
    const askedAt = this.#clock.monotonic()
    try {
      const token = await this.#request()
      const usableSec = Math.max(token.expiresInSec - renewEarlySec, token.expiresInSec / 2)
      this.#renewAt = askedAt + usableSec * 1000
      this.#token = token
      return token
    } finally {
      this.#asking = null
    }
  }
}
