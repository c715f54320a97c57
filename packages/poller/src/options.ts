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
  /** Refuse to poll when the client may not see everything. */
  readonly strict: boolean
  /** At the first session: what the identity sees now is what it should see, though it was more before. */
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
