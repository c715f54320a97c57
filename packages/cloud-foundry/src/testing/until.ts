import { systemClock } from '@cf-audit-drain/pipeline'

/** Waits for a condition, at most `ms`. */
export async function until(condition: () => boolean, what: string, ms = 5000): Promise<void> {
  const end = systemClock.monotonic() + ms
  while (!condition()) {
    if (systemClock.monotonic() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await systemClock.sleep(5)
  }
}
