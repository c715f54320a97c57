import type { Outcome } from './contract.ts'

/** Thrown by `write` when it ends for good with some outcomes known; `cause` says by what. */
export class InterruptedWriteError extends Error {
  override readonly name = 'InterruptedWriteError'
  declare readonly cause: Error
  /** So many from the first on are delivered. */
  readonly done: number
  /** Of the others so many were sent: delivered behind a gap, or nobody knows. Whoever has them next sends them again. */
  readonly sent: number

  /** `outcomes`: of all records, undefined where there is none yet; `underWay`: so many of those were sent and not confirmed. */
  constructor(cause: Error, outcomes: readonly (Outcome | undefined)[], underWay = 0) {
    super(cause.message, { cause })
    // A rejected one is not buried yet.
    const gap = outcomes.findIndex(outcome => !isDelivered(outcome))
    this.done = gap < 0 ? outcomes.length : gap
    this.sent = underWay + outcomes.slice(this.done).filter(isDelivered).length
  }
}

function isDelivered(outcome: Outcome | undefined): boolean {
  return outcome?.kind === 'delivered'
}
