import { CloudFoundryError, countableGuids, countedGuidsMax } from '@cf-audit-drain/cloud-foundry'
import type { Range } from './range.ts'
import type { AuditEvents } from './read-segment.ts'

/** Requests that `showsExactly` makes where all is as it should be. */
export function requestsToShow(guids: number): number {
  return 1 + Math.max(2, Math.ceil(guids / countedGuidsMax))
}

/**
 * Whether Cloud Controller shows these guids in the range and no others, without a row being read: it counts as many rows as
 * there are guids, and then each guid among them (its table holds a guid once). Null: this cannot be asked, now at least.
 */
export async function showsExactly(
  source: AuditEvents,
  range: Range,
  guids: readonly string[],
  signal: AbortSignal,
): Promise<boolean | null> {
  const batches = source.countsGuids === true ? atLeastTwo(guids) : null
  if (batches === null) return null
  // First: what appears after it is not among the guids, and the next count of the windows tells of it.
  if ((await source.countAuditEvents(range, signal)) !== guids.length) return false
  try {
    for (const batch of batches)
      if ((await source.countAuditEvents(range, signal, batch)) !== batch.length) return false
    return true
  } catch (error) {
    signal.throwIfAborted()
    // Whatever it is: something on the way may not take so long a request line, each in its own words. Reading has short ones, and
    // /v2 may have come in the place of /v3.
    if (error instanceof CloudFoundryError || error instanceof RangeError) return null
    throw error
  }
}

/** Of one batch with all of them whoever ignores guids would count as many. */
function atLeastTwo(guids: readonly string[]): readonly (readonly string[])[] | null {
  if (guids.length === 1) return null
  const batches = countableGuids(guids)
  if (batches?.length !== 1) return batches
  const half = guids.length >> 1
  return [guids.slice(0, half), guids.slice(half)]
}
