/** Of the poller's requests: with the other ones of the ledger they stay below 5 %. */
const share = 0.009
/** What is saved up at most: enough to count, guid by guid, as many events as are read at once. */
const savedMax = 19

/**
 * How many requests last looks may make, as the poller makes requests of its own. Reading takes the fewest; what they leave may count
 * guids instead, 200 with one request, which spares Cloud Controller their rows.
 */
export class LastLookRequests {
  readonly #pollIntervalMs: number
  #left = 0
  #sinceMs: number

  constructor(pollIntervalMs: number, nowMs: number) {
    this.#pollIntervalMs = pollIntervalMs
    this.#sinceMs = nowMs
  }

  mayMake(requests: number, nowMs: number): boolean {
    const polls = Math.max(0, nowMs - this.#sinceMs) / this.#pollIntervalMs
    this.#sinceMs = nowMs
    this.#left = Math.min(savedMax, this.#left + polls * share)
    return requests <= this.#left
  }

  /** Also where they were not allowed: what must be read is read. */
  made(requests: number): void {
    this.#left = Math.max(-savedMax, this.#left - requests)
  }
}
