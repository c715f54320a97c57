import type { EventGenerator } from './event-generator.ts'
import type { Foundation } from './foundation-contract.ts'

export interface RefusalTimes {
  readonly firstMs: number
  /** From one to the next. */
  readonly everyMs: number
}

/** Cloud Controller refuses somebody SSH, again and again until the signal is aborted: what an alert rings for. */
export async function refuseSsh(
  foundation: Foundation,
  generator: EventGenerator,
  { firstMs, everyMs }: RefusalTimes,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = foundation
  for (let waitMs = firstMs; ; waitMs = everyMs) {
    await clock.sleep(waitMs, signal).catch(() => {})
    if (signal.aborted) return
    foundation.insert([generator.rowOf('audit.app.ssh-unauthorized', clock.now() + foundation.skewMs)])
  }
}
