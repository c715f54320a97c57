import type { EventGenerator } from './event-generator.ts'
import type { Foundation } from './foundation-contract.ts'
import { visibilityTrace } from './recordings.ts'
import type { SimulatedRow } from './simulated-row.ts'

export interface LivelyOptions {
  readonly eventsPerSecond: number
  /** Share of activities whose rows come later than any that was recorded. Default 0. */
  readonly lateProbability?: number
  /** The latest of those; default 4 hours, the longest a job of Cloud Controller may run. */
  readonly lateMaxMs?: number
}

const tickMs = 100

/**
 * New events in real time until the signal is aborted, each becoming visible as much after its stamp as one of the
 * recorded trace did (2 ms to 4.7 s), and now and then far later.
 */
export async function liven(
  foundation: Foundation,
  generator: EventGenerator,
  options: LivelyOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = foundation
  const delaysMs = visibilityTrace().map(row => (row.visibleAtUs - row.createdAtUs) / 1000)
  let [owed, last] = [0, clock.monotonic()]
  while (!signal.aborted) {
    await clock.sleep(tickMs, signal).catch(() => {})
    const now = clock.monotonic()
    owed += ((now - last) / 1000) * options.eventsPerSecond
    last = now
    while (owed >= 1 && !signal.aborted) {
      const rows = generator.activityAt(clock.now() + foundation.skewMs)
      owed -= rows.length
      foundation.insert(delayed(foundation, rows, delaysMs, options))
    }
  }
}

function delayed(
  { clock, random }: Foundation,
  rows: readonly SimulatedRow[],
  delaysMs: readonly number[],
  { lateProbability = 0, lateMaxMs = 4 * 3_600_000 }: LivelyOptions,
): SimulatedRow[] {
  const late = random() < lateProbability
  const recorded = delaysMs[Math.floor(random() * delaysMs.length)] ?? 0
  const delayMs = late ? Math.exp(Math.log(5000) + random() * Math.log(lateMaxMs / 5000)) : recorded
  return rows.map(row => ({ ...row, visibleAtMs: clock.now() + delayMs }))
}
