import type { Clock } from '@cf-audit-drain/pipeline'

/** A clock that moves when told to, or, with `leap`, straight to the end of every sleep. */
export class ManualClock implements Clock {
  #ms: number
  readonly sleeps: number[] = []
  #sleepers: { readonly at: number; readonly wake: () => void }[] = []
  readonly #leap: boolean

  constructor(options: { readonly startMs?: number; readonly leap?: boolean } = {}) {
    this.#ms = options.startMs ?? 1_000_000
    this.#leap = options.leap ?? false
  }

  now(): number {
    return this.#ms
  }

  monotonic(): number {
    return this.#ms
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.sleeps.push(ms)
    if (this.#leap) {
      this.#ms += ms
      return
    }
    await new Promise<void>((resolve, reject) => {
      this.#sleepers.push({ at: this.#ms + ms, wake: resolve })
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  advance(ms: number): void {
    this.#ms += ms
    const due = this.#sleepers.filter(({ at }) => at <= this.#ms)
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#ms)
    for (const { wake } of due) wake()
  }
}
