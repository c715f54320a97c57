import { missingOf } from '@cf-audit-drain/log'
import type { Ledger } from './ledger.ts'
import type { Segment } from './read-segment.ts'

/**
 * Whether no more is missing of what was read than the ledger knows already: rows that Cloud Controller counts and never shows say
 * nothing of others, and are looked for again by the ledger.
 */
export function isAsKnown(ledger: Pick<Ledger, 'windows'>, segment: Omit<Segment, 'rows'>): boolean {
  if (segment.complete) return true
  const toSec = segment.toSec ?? Number.POSITIVE_INFINITY
  const known = ledger.windows
    .filter(window => window.toSec > segment.fromSec && window.fromSec < toSec)
    .reduce((sum, window) => sum + missingOf(window), 0)
  return segment.missing <= known
}
