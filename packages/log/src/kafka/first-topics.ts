/** Tells that a sink waits for the first topic it may see, and that it does no longer: each once. */
export class FirstTopics {
  readonly #eventsOf: string
  readonly #observer: { warn?(sentence: string): void; begun?(sentence: string): void }
  readonly #waiting = new Set<string>()

  /** `eventsOf`: what the names of topics of events begin with. */
  constructor(
    eventsOf: string,
    observer: { warn?(sentence: string): void; begun?(sentence: string): void } = {},
  ) {
    this.#eventsOf = eventsOf
    this.#observer = observer
  }

  /** To be called with what each look has shown. */
  seen(sink: string, topics: readonly string[]): void {
    const isWaiting = this.#waiting.has(sink)
    if (topics.length > 0 && isWaiting) {
      this.#waiting.delete(sink)
      this.#observer.begun?.(`sink ${sink}: there is ${topics.join(', ')} now, and it is read`)
    }
    if (topics.length > 0 || isWaiting) return
    this.#waiting.add(sink)
    this.#observer.warn?.(
      `sink ${sink}: there is no topic ${this.#eventsOf}… that this login may see; once there is one, it is read`,
    )
  }
}
