import { type NameLookups, perPageMax } from '@cf-audit-drain/cloud-foundry'
import type { RawEvent } from '@cf-audit-drain/event'
import type { Clock } from '@cf-audit-drain/pipeline'
import { boundedWait } from './bounded-wait.ts'

/** Few of all events, and what tells how organizations and spaces were called, and that they were renamed or deleted. */
const ofPlaces: readonly string[] = [
  'audit.organization.create',
  'audit.organization.update',
  'audit.organization.delete-request',
  'audit.space.create',
  'audit.space.update',
  'audit.space.delete-request',
  'audit.service_instance.update',
  'audit.service_instance.delete',
]
/** With those of apps and their processes, which are many. Of an app its updates, too: without them it had a name of another time. */
const all: readonly string[] = [
  ...ofPlaces,
  'audit.app.create',
  'audit.app.update',
  'audit.app.delete-request',
  'audit.app.process.create',
  'audit.app.process.delete',
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

/** Null: there is no page to be had. */
type Ask = (types: readonly string[], page: number) => Promise<readonly RawEvent[] | null>

/**
 * Reads what tells of names in a time that is yet to be read in its order: an event of a space or an app is read long before the one
 * that renames or deletes it, and then it is too late to ask. Of apps the first page of a range is all: what is recorded ahead lies
 * far in the log from the rest of its time. Best effort: ends quietly at the first failure to be told, after 40 pages, or after 30 s.
 */
export async function readAhead(
  ranges: readonly { readonly fromSec: number; readonly toSec: number }[],
  { lookups, clock, heldBackMs, take }: ReadAheadDeps,
  signal: AbortSignal,
): Promise<void> {
  const wait = boundedWait(boundMs, clock, signal)
  let pages = 0
  try {
    for (const range of ranges) {
      const ask: Ask = async (types, page) => {
        if (pages >= pagesMax || wait.isOver || heldBackMs() > 0) return null
        pages++
        // Names that are not found this way are looked up when they are met.
        return lookups.events({ types, ...range, page }, wait.signal).catch(() => null)
      }
      if (!(await readRange(ask, take))) return
    }
  } finally {
    await wait.end()
  }
}

/** False when it ended early. */
async function readRange(ask: Ask, take: ReadAheadDeps['take']): Promise<boolean> {
  const first = await ask(all, 1)
  // The places before it, whole: who takes a page names its events, and the space of an app may be gone by the end of the range.
  // Alone where the larger page was too much for Cloud Controller.
  const isWhole = (first !== null && isLast(first)) || (await readPlaces(ask, take))
  if (first !== null) await take(first)
  return isWhole
}

/** False when it ended early. */
async function readPlaces(ask: Ask, take: ReadAheadDeps['take']): Promise<boolean> {
  for (let page = 1; ; page++) {
    const rows = await ask(ofPlaces, page)
    if (rows === null) return false
    await take(rows)
    if (isLast(rows)) return true
  }
}

function isLast(rows: readonly RawEvent[]): boolean {
  return rows.length < perPageMax
}
