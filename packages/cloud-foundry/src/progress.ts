import type { Clock } from '@cf-audit-drain/pipeline'

/** Slower than this over the whole body is as good as standing still: 16 KiB a second. */
const slowestBytesPerMs = 16

/**
 * Watches one exchange: the headers must come in time, and then each piece of the body; a body that drips is stopped too, while
 * a big one over a slow line may take as long as it needs.
 */
export class Progress {
  readonly #clock: Clock
  readonly #limits: { readonly requestTimeoutMs: number; readonly standstillMs: number }
  readonly #stop = new AbortController()
  readonly #startedAt: number
  #movedAt: number
  #inBody = false
  #bodyAt = 0
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
        await this.#clock.sleep(leftMs, stop)
      if (!stop.aborted) expired()
    }
    loop().catch(() => {})
  }

  /** The same chunks, counted. Called when the headers have come. */
  async *count(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    this.#inBody = true
    this.#bodyAt = this.#movedAt = this.#clock.monotonic()
    for await (const chunk of chunks) {
      this.bytes += chunk.length
      this.#movedAt = this.#clock.monotonic()
      yield chunk
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  #leftMs(): number {
    const now = this.#clock.monotonic()
    if (!this.#inBody) return this.#startedAt + this.#limits.requestTimeoutMs - now
    const slowestAt = this.#bodyAt + this.#limits.requestTimeoutMs + this.bytes / slowestBytesPerMs
    return Math.min(this.#movedAt + this.#limits.standstillMs, slowestAt) - now
  }
}
