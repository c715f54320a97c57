import { createHash } from 'node:crypto'
import { type RawEvent, rawGuid } from '@cf-audit-drain/event'

/** What a row is known by: its guid, or for one without a guid a digest of its text. */
export function rowKey(row: RawEvent): string {
  return rawGuid(row) ?? createHash('sha256').update(row.text).digest('hex')
}

/** How many rows there are at least: a guid counts once, a row without one cannot be told from another. */
export function distinctRows(rows: readonly RawEvent[]): number {
  const guids = new Set<string>()
  let without = 0
  for (const row of rows) {
    const guid = rawGuid(row)
    if (guid === null) without++
    else guids.add(guid)
  }
  return guids.size + without
}
