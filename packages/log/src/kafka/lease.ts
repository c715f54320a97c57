import type { Clock } from '@cf-audit-drain/pipeline'

/**
 * What a group has given to us, good for `ms` after the brokers last said so. While nothing is heard from them it
 * stays ours for that long (a rebalance in which it does not move goes unnoticed), and not longer: by then they may have
 * given it to another.
 */
export class Lease {
  readonly #ms: number
  readonly #clock: Clock
  readonly #changed: (held: ReadonlySet<string> | null) => void
  readonly #closing = new AbortController()
  #granted: ReadonlySet<string> | null = null
  #told: ReadonlySet<string> | null = null
  #endsMs = -Infinity
  #isWatching = false

  /** `changed` is told what is ours whenever that changes; null: not known, so nothing. */
  constructor(ms: number, clock: Clock, changed: (held: ReadonlySet<string> | null) => void) {
    this.#ms = ms
    this.#clock = clock
    this.#changed = changed
  }

  get held(): ReadonlySet<string> {
    return this.#told ?? new Set()
  }

  grant(topics: ReadonlySet<string>, ageMs: number): void {
    this.#granted = topics
    this.confirm(ageMs)
  }

  confirm(ageMs: number): void {
    this.#endsMs = Math.max(this.#endsMs, this.#clock.monotonic() - ageMs + this.#ms)
    this.#tell()
    if (!this.#isWatching) void this.#watch()
  }

  revoke(): void {
    this.#granted = null
    this.#tell()
  }

  /** Nothing more is told. */
  close(): void {
    this.#closing.abort()
  }

  async #watch(): Promise<void> {
    this.#isWatching = true
    const { signal } = this.#closing
    while (this.#granted !== null && this.#leftMs() > 0 && !signal.aborted)
      await this.#clock.sleep(this.#leftMs(), signal).catch(() => undefined)
    this.#isWatching = false
    this.#tell()
  }

  #leftMs(): number {
    return this.#endsMs - this.#clock.monotonic()
  }

  #tell(): void {
    const held = this.#leftMs() > 0 ? this.#granted : null
    if (held === this.#told || this.#closing.signal.aborted) return
    this.#told = held
    this.#changed(held)
  }
}
