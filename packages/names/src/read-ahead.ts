import { type NameLookups, perPageMax } from '@cf-audit-drain/cloud-foundry'
import type { RawEvent } from '@cf-audit-drain/event'
import type { Clock } from '@cf-audit-drain/pipeline'
import { boundedWait } from './bounded-wait.ts'

/** Few of all events, and what tells how organizations and spaces were called, and that they were renamed or deleted. */
const telling: readonly string[] = [
  'audit.organization.create',
  'audit.organization.update',
  'audit.organization.delete-request',
  'audit.space.create',
  'audit.space.update',
  'audit.space.delete-request',
  'audit.service_instance.update',
  'audit.service_instance.delete',
]

export interface ReadAheadDeps {
  readonly lookups: NameLookups
  readonly clock: Clock
  readonly heldBackMs: () => number
  /** Of each page, in its order; what it throws is thrown. */
  readonly take: (rows: readonly RawEvent[]) => Promise<void>
}

const pagesMax = 40
const boundMs = 30_000

/**
 * Reads what tells of names in a time that is yet to be read in its order: an event of a space is read long before the one
 * that renames or deletes it, and then it is too late to ask. Best effort: ends quietly at the first failure to be told, after 40
 * pages, or after 30 s.
 */
export async function readAhead(
  ranges: readonly { readonly fromSec: number; readonly toSec: number }[],
  { lookups, clock, heldBackMs, take }: ReadAheadDeps,
  signal: AbortSignal,
): Promise<void> {
  const wait = boundedWait(boundMs, clock, signal)
  let pages = 0
  const goesOn = () => pages < pagesMax && !wait.isOver && heldBackMs() === 0
  try {
    for (const { fromSec, toSec } of ranges)
      for (let page = 1; goesOn(); page++, pages++) {
        const rows = await lookups
          .events({ types: telling, fromSec, toSec, page }, wait.signal)
          // Names that are not found this way are looked up when they are met.
          .catch(() => null)
        if (rows === null) return
        await take(rows)
        if (rows.length < perPageMax) break
      }
  } finally {
    await wait.end()
  }
}
