import type { Clock } from '@cf-audit-drain/pipeline'

/** A clock that stands still until told otherwise; `sleep` ends when enough time was let pass. */
export class ManualClock implements Clock {
  #nowMs: number
  #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = []

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      this.#sleepers.push({ untilMs: this.#nowMs + ms, wake: resolve })
    })
  }

  pass(ms: number): void {
    this.#nowMs += ms
    const awake = this.#sleepers.filter(({ untilMs }) => untilMs <= this.#nowMs)
    this.#sleepers = this.#sleepers.filter(({ untilMs }) => untilMs > this.#nowMs)
    for (const { wake } of awake) wake()
  }
}
