import type { Checkpoint } from './checkpoint.ts'

export interface Sweep {
  readonly everyMs: number
  readonly overMs: number
  /** `count`: Cloud Controller's count against ours, reading only where they differ. `guids`: every row is read again. */
  readonly compare: 'count' | 'guids'
}

export interface PollerOptions {
  readonly foundation: string
  /** `retention`: everything Cloud Controller still has; a number: from that second on. Only the first start asks. */
  readonly startFrom: 'retention' | 'now' | number
  readonly pollIntervalMs: number
  /** What is read again at every poll, for rows that become visible late. */
  readonly overlapMs: number
  readonly sweeps: readonly Sweep[]
  /** How often the whole ledger is compared with Cloud Controller's counts. */
  readonly verifyIntervalMs: number
  /** How long Cloud Controller keeps events, by the operator's word; null: nobody says. */
  readonly retentionSec: number | null
  /** Refuse to poll when the client may not see everything. */
  readonly strict: boolean
  /** Until `rightsAccepted` was told, at the first session: what the identity sees now is what it should see, though it was more before. */
  readonly acceptRights: boolean
}

export const pollerDefaults = {
  startFrom: 'retention',
  pollIntervalMs: 10_000,
  overlapMs: 300_000,
  sweeps: [
    { everyMs: 300_000, overMs: 3_600_000, compare: 'count' },
    { everyMs: 3_600_000, overMs: 18_000_000, compare: 'guids' },
  ],
  verifyIntervalMs: 300_000,
  retentionSec: null,
  strict: false,
  acceptRights: false,
} as const satisfies Omit<PollerOptions, 'foundation'>

/** How often rights are looked at that no token tells of, and while they are narrowed whether they are back. */
export const rightsEveryMs = 60_000

/** Where windows end when nothing else says so. */
export const tileSec = 60

/** A request should return about this many rows: narrow windows are two to five times cheaper for the server. */
export const rowsWanted = 2_500

/** How far back anything looks. */
export function longestMs({ overlapMs, sweeps }: PollerOptions): number {
  return Math.max(overlapMs, ...sweeps.map(one => one.overMs))
}

/** A sweep takes its time. */
const marginSec = 900
/** By this a sweep that settles nothing may be behind before what it has to read is no longer kept in memory. */
const behindSec = 3_600

/**
 * From when on the guids held are in memory: everything that is read again. Where nothing is settled, for rights were narrowed or a
 * sweep is never whole, that would be more and more: what is older than this is read out of the log when it is needed.
 */
export function recentFromSec(
  options: PollerOptions,
  { tailFromSec, settledSec }: Pick<Checkpoint, 'tailFromSec' | 'settledSec'>,
  nowSec: number,
): number {
  const backToSec = nowSec - Math.ceil(longestMs(options) / 1000)
  // A tail that is longer than three overlaps is left to the catch-up.
  const mostSec = Math.min(backToSec, nowSec - Math.ceil((4 * options.overlapMs) / 1000)) - behindSec
  return Math.max(Math.min(tailFromSec, settledSec, backToSec), mostSec) - marginSec
}
