import type { Clock } from '@cf-audit-drain/pipeline'

/** A rest between two looks that whoever has news can end. */
export class WakeableRest {
  readonly #clock: Pick<Clock, 'sleep'>
  #woken = new AbortController()

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock
  }

  /** For `ms`, or until it is woken or stopped. */
  async take(ms: number, stop: AbortSignal): Promise<void> {
    this.#woken = new AbortController()
    await this.#clock.sleep(ms, AbortSignal.any([stop, this.#woken.signal])).catch(() => undefined)
  }

  wake(): void {
    this.#woken.abort()
  }
}
