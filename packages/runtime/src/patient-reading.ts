import { asError, type Clock } from '@cf-audit-drain/pipeline'

export interface LatestReading<T> {
  /** The newest that is there; null before the first. */
  readonly value: T | null
  /** Why it is not of now; null when it is. */
  readonly problem: Error | null
}

/** A reading that takes longer has got lost: whoever asks then begins another. */
const lostAfterMs = 60_000

/**
 * What is read from something that may be away, or slow: one reading at a time, and nobody waits longer for it than
 * `patienceMs` (null: as long as it takes). One that is late is waited for by whoever asks next, and not begun a second
 * time unless it is lost.
 */
export class PatientReading<T> {
  readonly #read: () => Promise<T>
  readonly #patienceMs: number | null
  readonly #clock: Clock
  readonly #why: () => Error | null
  #reading: Promise<T> | null = null
  #begunMs = 0
  #last: T | null = null

  /** `why`: what is known of a reading that is late; null: nothing. */
  constructor(
    read: () => Promise<T>,
    patienceMs: number | null,
    clock: Clock,
    why: () => Error | null = () => null,
  ) {
    this.#read = read
    this.#patienceMs = patienceMs
    this.#clock = clock
    this.#why = why
  }

  async latest(): Promise<LatestReading<T>> {
    if (this.#patienceMs !== null && this.#clock.monotonic() - this.#begunMs > lostAfterMs)
      this.#reading = null
    this.#reading ??= this.#begin()
    const over = new AbortController()
    try {
      return { value: await Promise.race([this.#reading, this.#late(over.signal)]), problem: null }
    } catch (error) {
      return { value: this.#last, problem: asError(error) }
    } finally {
      over.abort()
    }
  }

  async #late(over: AbortSignal): Promise<never> {
    if (this.#patienceMs === null) return new Promise(() => undefined)
    await this.#clock.sleep(this.#patienceMs, over)
    throw this.#why() ?? new Error(`no answer within ${this.#patienceMs} ms`)
  }

  #begin(): Promise<T> {
    this.#begunMs = this.#clock.monotonic()
    const reading: Promise<T> = this.#read().then(value => {
      if (this.#reading === reading) this.#last = value
      return value
    })
    const isOver = () => {
      if (this.#reading === reading) this.#reading = null
    }
    reading.then(isOver, isOver)
    return reading
  }
}
