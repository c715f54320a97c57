import type { Clock } from '@cf-audit-drain/pipeline'

/** Slower than this over the whole body is as good as standing still: 16 KiB a second. */
const slowestBytesPerMs = 16

/**
 * Watches one exchange. All of it, connecting included, has `requestTimeoutMs`, and as much more as its body would take at the slowest
 * speed: a body that stops or drips ends, a big one over a slow line arrives. A body that has moved must not stand still either.
 */
export class Progress {
  readonly #clock: Clock
  readonly #limits: { readonly requestTimeoutMs: number; readonly standstillMs: number }
  readonly #stop = new AbortController()
  readonly #startedAt: number
  #movedAt: number
  #inBody = false
  bytes = 0

  constructor(clock: Clock, limits: { readonly requestTimeoutMs: number; readonly standstillMs: number }) {
    this.#clock = clock
    this.#limits = limits
    this.#startedAt = this.#movedAt = clock.monotonic()
  }

  /** Calls `expired` once, unless stopped before. */
  watch(expired: () => void): void {
    const stop = this.#stop.signal
    const loop = async () => {
      for (let leftMs = this.#leftMs(); leftMs > 0; leftMs = this.#leftMs())
        await this.#clock.sleep(Math.min(leftMs, this.#limits.standstillMs), stop)
      if (!stop.aborted) expired()
    }
    loop().catch(() => {})
  }

  /** The same chunks, counted. Called when the headers have come. */
  async *count(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    this.#inBody = true
    this.#movedAt = this.#clock.monotonic()
    for await (const chunk of chunks) {
      this.bytes += chunk.length
      this.#movedAt = this.#clock.monotonic()
      yield chunk
    }
  }

  /** Since the request was begun. */
  get elapsedMs(): number {
    return this.#clock.monotonic() - this.#startedAt
  }

  /** Since something came, headers or a piece of the body. */
  get silentMs(): number {
    return this.#clock.monotonic() - this.#movedAt
  }

  stop(): void {
    this.#stop.abort()
  }

  #leftMs(): number {
    const now = this.#clock.monotonic()
    const slowestAt = this.#startedAt + this.#limits.requestTimeoutMs + this.bytes / slowestBytesPerMs
    const stillUntil = this.#inBody ? this.#movedAt + this.#limits.standstillMs : Infinity
    return Math.min(stillUntil, slowestAt) - now
  }
}
