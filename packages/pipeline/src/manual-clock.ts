import type { Clock } from './clock.ts'

/** A clock whose sleeps return at once and move its time: tests of waiting need not wait. */
export function manualClock(
  startMs = Date.parse('2026-11-22T00:00:00Z'),
): Clock & { readonly slept: number[] } {
  let nowMs = startMs
  const slept: number[] = []
  return {
    slept,
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      slept.push(ms)
      nowMs += Math.max(0, ms)
      await Promise.resolve()
    },
  }
}
