import { CloudFoundryError, countableGuids, countedGuidsMax } from '@cf-audit-drain/cloud-foundry'
import type { Range } from './range.ts'
import type { AuditEvents } from './read-segment.ts'

/** Requests that `showsExactly` makes where all is as it should be. */
export function requestsToShow(guids: number): number {
  return 1 + Math.ceil(guids / countedGuidsMax)
}

/**
 * Whether Cloud Controller shows these guids in the range and no others, without a row being read: it counts as many rows as
 * there are guids, and then each guid among them (its table holds a guid once). Null: this cannot be asked.
 */
export async function showsExactly(
  source: AuditEvents,
  range: Range,
  guids: readonly string[],
  signal: AbortSignal,
): Promise<boolean | null> {
  const batches = source.countsGuids === true ? countableGuids(guids) : null
  if (batches === null) return null
  // First: what appears after it is not among the guids, and the next count of the windows tells of it.
  if ((await source.countAuditEvents(range, signal)) !== guids.length) return false
  try {
    for (const batch of batches)
      if ((await source.countAuditEvents(range, signal, batch)) !== batch.length) return false
    return true
  } catch (error) {
    if (isRefused(error)) return null
    throw error
  }
}

/** Something before Cloud Controller takes no such long request line (414, or a firewall's 403), or /v2 has come in its place. */
function isRefused(error: unknown): boolean {
  return error instanceof CloudFoundryError ? !error.retryable : error instanceof RangeError
}
