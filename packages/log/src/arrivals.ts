/** Wakes those who wait for records of this log, all of them, in this process. */
export class Arrivals {
  readonly #waiting = new Set<() => void>()

  announce(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Resolves at the next announcement; rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', abort)
      }
      const wake = () => {
        leave()
        resolve()
      }
      const abort = () => {
        leave()
        reject(signal.reason)
      }
      if (signal.aborted) return reject(signal.reason)
      this.#waiting.add(wake)
      signal.addEventListener('abort', abort)
    })
  }
}
