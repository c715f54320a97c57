/** Remembers what works failed with, so that their failures are told from others that come the same way. */
export class NotedFailures {
  readonly #errors = new Set<unknown>()

  /** Passes the work through. */
  async of<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.#errors.add(error)
      throw error
    }
  }

  has(error: unknown): boolean {
    return this.#errors.has(error)
  }
}
