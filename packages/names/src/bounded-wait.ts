import { linkedAbort } from '@cf-audit-drain/cloud-foundry'
import type { Clock } from '@cf-audit-drain/pipeline'

/** A time that somebody is ready to wait. */
export interface BoundedWait {
  /** Of `ended`, when the time is over or everything is. */
  readonly signal: AbortSignal
  /** Resolves when the time is over or everything is; never rejects. */
  readonly over: Promise<void>
  readonly isOver: boolean
  /** Must be called: lets go of the timer and of `everything`. */
  end(): Promise<void>
}

/** `everything`: ends the wait as well. */
export function boundedWait(ms: number, clock: Clock, everything: AbortSignal): BoundedWait {
  const waiting = linkedAbort(everything)
  const ended = linkedAbort(waiting.signal)
  let isOver = everything.aborted
  const leave = () => {
    isOver = true
    ended.abort(new Error(`no answer in ${ms} ms`))
  }
  const over = clock.sleep(ms, waiting.signal).then(leave, leave)
  return {
    signal: ended.signal,
    over,
    get isOver() {
      return isOver
    },
    async end() {
      waiting.abort(new Error('nobody waits any more'))
      await over
      waiting.unlink()
      ended.unlink()
    },
  }
}
