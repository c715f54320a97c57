import { type QueryHash, queryText } from './query-string.ts'

export interface Listing {
  /** Without a query: `https://api.example.org/v3/audit_events`. */
  readonly url: string
  readonly page: number
  readonly perPage: number
  readonly orderBy: string | null
  readonly filters: ReadonlyMap<string, string | QueryHash>
}

interface Link {
  readonly href: string
}

export interface Pagination {
  readonly total_results: number
  readonly total_pages: number
  readonly first: Link
  readonly last: Link
  readonly next: Link | null
  readonly previous: Link | null
}

export function pagination(listing: Listing, total: number): Pagination {
  const pages = Math.max(1, Math.ceil(total / listing.perPage))
  const { page } = listing
  return {
    total_results: total,
    total_pages: pages,
    first: link(listing, 1),
    last: link(listing, pages),
    next: page < pages ? link(listing, page + 1) : null,
    previous: page > 1 ? link(listing, page - 1) : null,
  }
}

function link(listing: Listing, page: number): Link {
  const parameters = new Map<string, string | QueryHash>(listing.filters)
  if (listing.orderBy !== null) parameters.set('order_by', listing.orderBy)
  parameters.set('page', String(page))
  parameters.set('per_page', String(listing.perPage))
  return { href: `${listing.url}?${queryText(parameters)}` }
}
