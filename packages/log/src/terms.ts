import assert from 'node:assert/strict'
import { asError } from '@cf-audit-drain/pipeline'
import type { Candidate } from './ports.ts'

/** The terms of one candidate. Which of them run follows from what is held, however quickly that changes. */
export class Terms {
  readonly #candidate: Candidate
  readonly #running = new Map<string, { readonly term: AbortController; readonly ended: Promise<void> }>()
  readonly #failed = new AbortController()
  #held: ReadonlySet<string> = new Set()

  constructor(candidate: Candidate) {
    this.#candidate = candidate
  }

  /** Aborted with the error of the first term that failed. */
  get failed(): AbortSignal {
    return this.#failed.signal
  }

  /** These are ours from now on, and no others. A term that goes on is left alone. */
  hold(foundations: ReadonlySet<string>): void {
    this.#held = foundations
    for (const [foundation, { term }] of this.#running)
      if (!foundations.has(foundation)) term.abort(new Error(`${foundation} is another process's to poll`))
    for (const foundation of foundations) if (!this.#running.has(foundation)) this.#begin(foundation)
  }

  /** When those that were running have ended. */
  async ended(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended))
  }

  #begin(foundation: string): void {
    if (this.failed.aborted) return
    const term = new AbortController()
    this.#running.set(foundation, { term, ended: this.#run(foundation, term.signal) })
  }

  async #run(foundation: string, term: AbortSignal): Promise<void> {
    // Not within `hold`, whose caller has not finished.
    await Promise.resolve()
    try {
      await this.#candidate.poll(foundation, term)
      assert(term.aborted, `the polling of ${foundation} ended in the middle of its term`)
    } catch (error) {
      if (!term.aborted) this.#failed.abort(asError(error))
    }
    this.#running.delete(foundation)
    if (this.#held.has(foundation)) this.#begin(foundation)
  }
}
