import { systemClock } from '@cf-audit-drain/pipeline'

/** Longer than the longest back-off of a sink (60 s) or a failing poll: what has not come by then does not come. */
export const longestRetryMs = 75_000

/** Waits for the condition, looking again and again. Throws after `deadlineMs` with what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
  everyMs = 25,
): Promise<void> {
  const startedMs = systemClock.monotonic()
  while (!(await condition())) {
    if (systemClock.monotonic() - startedMs > deadlineMs)
      throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await systemClock.sleep(everyMs)
  }
}
