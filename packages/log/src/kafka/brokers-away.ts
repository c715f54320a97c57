import type { Clock } from '@cf-audit-drain/pipeline'
import { connectionFault } from './connection-fault.ts'
import type { KafkaOptions } from './kafka-options.ts'

/** Between two looks while no broker can be reached. */
const againMs = 2_000

/**
 * Whether any broker can be reached, looked at from the first connection that fails until one answers again: one of those that
 * are configured, or of the others, over a connection that stands. kafkajs tries for a
 * quarter of a minute, with a line for each attempt and no word of what to do, before it gives its error to whoever asked.
 */
export class BrokersAway {
  readonly #options: KafkaOptions
  readonly #clock: Clock
  readonly #received: () => ReadonlyMap<object, number>
  readonly #told: (sentence: string, isOver: boolean) => void
  readonly #closing = new AbortController()
  #isLooking = false
  #fault: Error | null = null

  /** `received`: bytes that have come over each connection that stands. `told` is given the sentence when it begins, or becomes another one, and when it is over. */
  constructor(
    options: KafkaOptions,
    clock: Clock,
    received: () => ReadonlyMap<object, number>,
    told: (sentence: string, isOver: boolean) => void,
  ) {
    this.#options = options
    this.#clock = clock
    this.#received = received
    this.#told = told
  }

  /** Why none of them can be reached, and what to do; null when one could be, as far as is known. */
  get fault(): Error | null {
    return this.#fault
  }

  /** A connection has failed. */
  suspect(): void {
    if (this.#isLooking || this.#closing.signal.aborted) return
    this.#isLooking = true
    this.#look().then(
      () => {
        this.#isLooking = false
      },
      () => {
        this.#isLooking = false
      },
    )
  }

  close(): void {
    this.#closing.abort()
    this.#fault = null
  }

  /** Until one can be reached; one look at least in `againMs`, however often it is suspected. */
  async #look(): Promise<void> {
    const { signal } = this.#closing
    do {
      const found = await connectionFault(this.#options).catch(() => null)
      const fault = found !== null && (await this.#isHeard()) ? null : found
      if (signal.aborted) return
      if (fault !== null && fault.message !== this.#fault?.message) this.#told(fault.message, false)
      if (fault === null && this.#fault !== null) this.#told('Kafka can be reached again', true)
      this.#fault = fault
      await this.#clock.sleep(againMs, signal)
    } while (this.#fault !== null)
  }

  /** Whether anything comes while we listen; at once where no connection stands. */
  async #isHeard(): Promise<boolean> {
    const before = this.#received()
    if (before.size === 0) return false
    await this.#clock.sleep(againMs, this.#closing.signal)
    return [...this.#received()].some(([one, bytes]) => bytes > (before.get(one) ?? 0))
  }
}
