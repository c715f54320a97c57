const firstMs = 10_000
const slowestMs = 600_000

/**
 * How long after a look a task of this age is looked at again: a quarter of its age, at least 10 s, at most 10 min. A short task
 * is told of soon after its end, and one of days costs six requests an hour, together with 149 others.
 */
export function nextLookMs(ageSec: number): number {
  return Math.min(slowestMs, Math.max(firstMs, ageSec * 250))
}
