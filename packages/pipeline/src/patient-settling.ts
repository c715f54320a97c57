import type { Clock } from './clock.ts'
import type { Source } from './contract.ts'
import { asError } from './retry.ts'

export interface PatienceOptions {
  readonly delayMs: number
  /** Whether time may mend it: a full disk, a locked file. */
  readonly isPassing: (error: Error) => boolean
  readonly onFailure?: (error: Error, attempt: number) => void
}

/**
 * Tries to settle a delivery until the cursor is durable. What the sink has delivered is not delivered again because
 * the log had no room for the cursor: only the settling is repeated, and nothing else is read meanwhile.
 */
export function withPatientSettling<T>(source: Source<T>, options: PatienceOptions, clock: Clock): Source<T> {
  let stopped: AbortSignal | undefined

  async function untilSettled(settle: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await settle()
      } catch (thrown) {
        const error = asError(thrown)
        if (!options.isPassing(error) || stopped?.aborted) throw error
        options.onFailure?.(error, attempt)
        await clock.sleep(options.delayMs, stopped).catch(() => undefined)
      }
    }
  }

  return {
    connect: signal => source.connect(signal),
    close: () => source.close(),
    async read(signal) {
      stopped = signal
      const delivery = await source.read(signal)
      if (!delivery) return null
      return {
        batch: delivery.batch,
        settle: (reason, done) => untilSettled(() => delivery.settle(reason, done)),
      }
    },
  }
}
