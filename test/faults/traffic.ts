import { systemClock } from '@cf-audit-drain/pipeline'
import type { Simulator } from './simulator.ts'

const tickMs = 250

/** A foundation at work: new events all the time, stamped within the moment just past, until stopped. */
export class Traffic {
  /** Of the foundation's clock. */
  skewMs = 0
  readonly #simulator: Simulator
  readonly #perTick: number
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(simulator: Simulator, eventsPerSecond: number) {
    this.#simulator = simulator
    this.#perTick = Math.max(0, Math.round((eventsPerSecond * tickMs) / 1000))
  }

  start(): void {
    if (this.#perTick > 0) this.#running = this.#run()
    this.#running.catch(() => {})
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const toMs = systemClock.now() + this.skewMs
      await this.#simulator.history({ count: this.#perTick, fromMs: toMs - tickMs, toMs })
      await systemClock.sleep(tickMs, signal).catch(() => {})
    }
  }
}
