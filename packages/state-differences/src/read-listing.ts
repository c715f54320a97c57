import type { StateCollection, StateLookups } from '@cf-audit-drain/cloud-foundry'
import { type Beside, organizationsOf, type Resource, userNames } from './object-of.ts'

/** The listing changed while it was read, each time: nothing can be said of it. */
export class UnsteadyListingError extends Error {
  override readonly name = 'UnsteadyListingError'
}

export interface Listing extends Beside {
  readonly rows: readonly Resource[]
}

/** Resolves when a request may be made. */
export type Turn = (signal: AbortSignal) => Promise<void>

const triesMax = 3

/** All pages of a listing that did not change meanwhile. @throws UnsteadyListingError */
export async function readListing(
  lookups: StateLookups,
  collection: StateCollection,
  turn: Turn,
  signal: AbortSignal,
): Promise<Listing> {
  for (let tries = 0; tries < triesMax; tries++) {
    const listing = await readOnce(lookups, collection, turn, signal)
    if (listing !== null) return listing
  }
  throw new UnsteadyListingError(`/v3/${collection} changed while it was read, ${triesMax} times in a row`)
}

/** Null when a row was missed, or may have been: each counted row is to be shown once, on every page by one count. */
async function readOnce(
  lookups: StateLookups,
  collection: StateCollection,
  turn: Turn,
  signal: AbortSignal,
): Promise<Listing | null> {
  const rows = new Map<string, Resource>()
  const users = new Map<string, string>()
  const organizations = new Map<string, string>()
  let total: number | null = null
  for (let number = 1, pages = 1; number <= pages; number++) {
    await turn(signal)
    const page = await lookups.page(collection, number, signal)
    if (total !== null && page.totalResults !== total) return null
    total = page.totalResults
    pages = page.totalPages
    for (const row of page.resources) rows.set(String(row['guid'] ?? row['name']), row)
    for (const [guid, name] of userNames(page.users)) users.set(guid, name)
    for (const [space, guid] of organizationsOf(page.spaces)) organizations.set(space, guid)
  }
  return rows.size === total ? { rows: [...rows.values()], users, organizations } : null
}
