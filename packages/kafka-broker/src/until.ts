import { systemClock } from '@cf-audit-drain/pipeline'

/** Waits for the condition, looking again and again. Throws after `deadlineMs` with what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const startedMs = systemClock.monotonic()
  while (!(await condition())) {
    if (systemClock.monotonic() - startedMs > deadlineMs)
      throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await systemClock.sleep(25, signal)
  }
}
