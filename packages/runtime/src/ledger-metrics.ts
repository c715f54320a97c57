import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What the completeness ledger says, as numbers. */
export interface LedgerState {
  /** Everything before it is held; null when nothing is known to be. */
  readonly completeUpToSec: number | null
  readonly windows: {
    readonly open: number
    readonly closed: number
    readonly short: number
    readonly expired: number
  }
  /** Those of the closed windows of which numbers were compared alone. */
  readonly countedOnly: number
  readonly missing: number
  readonly gone: number
  readonly lost: number
}

export interface LedgerMetrics {
  ledger(state: LedgerState): void
  /** An event that came after its time was passed: its age then. */
  lateBy(ageSeconds: number): void
  /** Seconds until the oldest event that is not held is deleted at its source; null when nothing is waited for. */
  deadline(leftSeconds: number | null): void
  /** How long Cloud Controller keeps events, and what says so. */
  retention(seconds: number, by: RetentionSource): void
  /** The whole ledger was compared with Cloud Controller, and so much was asked for that. */
  verified(verified: {
    /** False: it could not be compared now, for want of rights. */
    readonly isCompared: boolean
    readonly atMs: number
    readonly requests: number
    readonly rows: number
    readonly oldestSec: number | null
  }): void
}

/** `default`: nothing does, and Cloud Controller's own default is assumed. */
export type RetentionSource = 'configuration' | 'clean-up' | 'oldest-event' | 'default'

/** What the log remembers of the time before this start. */
export interface LedgerPast {
  /** When the ledger was last compared. */
  readonly comparedMs?: number
  /** As it was then. */
  readonly source?: { readonly oldestSec: number | null }
}

const labelNames = ['foundation'] as const

/** What is known of the source: of its oldest event, and of how long it keeps one. */
function makeSourceMetrics(gauge: (name: string, help: string) => Gauge<'foundation'>) {
  const oldest = gauge(
    'source_oldest_event_timestamp_seconds',
    'The oldest event that Cloud Controller shows; 0 while that is not known.',
  )
  const retention = gauge(
    'source_retention_seconds',
    'For how long Cloud Controller keeps an event at least, as far as it is known; 0 before anything was read.',
  )
  const assumed = gauge(
    'source_retention_assumed',
    '1 where nothing says how long Cloud Controller keeps events, and its default is taken for it; else 0.',
  )
  const deadline = gauge(
    'unheld_deletion_seconds',
    'Until Cloud Controller deletes the oldest event that is not held; +Inf when nothing is waited for.',
  )
  return { oldest, retention, assumed, deadline }
}

function makeMetrics(registry: Registry) {
  const of = (name: string, help: string) => ({ name: `cf_audit_${name}`, help, registers: [registry] })
  const windows = new Gauge({
    ...of('ledger_windows', 'Windows of the completeness ledger, by state.'),
    labelNames: ['foundation', 'state'],
  })
  const gauge = (name: string, help: string) => new Gauge({ ...of(name, help), labelNames })
  const counter = (name: string, help: string) => new Counter({ ...of(name, help), labelNames })
  const completeUpTo = gauge(
    'ledger_complete_up_to_timestamp_seconds',
    'Of every window before this time all is held that Cloud Controller counts; 0 when of none.',
  )
  const missing = gauge(
    'ledger_missing_events',
    'Events that Cloud Controller counts and we do not hold, in windows that were passed.',
  )
  const gone = gauge(
    'ledger_gone_events',
    'Events that we hold and Cloud Controller no longer shows, though no clean-up has reached them.',
  )
  const countedOnly = gauge(
    'ledger_counted_only_windows',
    'Closed windows of which as many events are held as Cloud Controller counts, and which ones was not compared.',
  )
  const lost = gauge(
    'ledger_lost_events',
    'Events that were missing when the clean-up of Cloud Controller came.',
  )
  const lastVerified = gauge(
    'ledger_last_verified_timestamp_seconds',
    'When the whole ledger was last compared with Cloud Controller, by whichever process; before the first time, when the foundation was first polled, or the start of the process.',
  )
  const requests = counter(
    'ledger_requests_total',
    'Requests for comparing the ledger with Cloud Controller.',
  )
  const rows = counter('ledger_rows_total', 'Rows read for comparing the ledger with Cloud Controller.')
  const late = new Histogram({
    ...of('late_event_age_seconds', 'How old an event was that came after its time was passed.'),
    labelNames,
    buckets: [300, 600, 1_800, 3_600, 14_400, 43_200, 86_400, 604_800, 2_678_400],
  })
  return {
    windows,
    completeUpTo,
    missing,
    gone,
    countedOnly,
    lost,
    lastVerified,
    ...makeSourceMetrics(gauge),
    requests,
    rows,
    late,
  }
}

/** One set of setters for each foundation; `show` makes the series that exist from the start, `hide` takes all away. */
export function ledgerMetrics(
  registry: Registry,
): (foundation: string) => LedgerMetrics & { show(): void; hide(): void; restore(past: LedgerPast): void } {
  const made = makeMetrics(registry)
  const { windows, completeUpTo, missing, gone, countedOnly, lost, lastVerified, oldest, retention } = made
  const { assumed, deadline, requests, rows, late } = made
  const gauges = [completeUpTo, missing, gone, countedOnly, lost, oldest, retention, assumed]
  return foundation => {
    const labels = { foundation }
    const showSource = ({ oldestSec }: NonNullable<LedgerPast['source']>) =>
      oldest.set(labels, oldestSec ?? 0)
    return {
      show: () => {
        for (const state of ['open', 'closed', 'short', 'expired']) windows.set({ ...labels, state }, 0)
        for (const one of gauges) one.set(labels, 0)
        lastVerified.setToCurrentTime(labels)
        deadline.set(labels, Number.POSITIVE_INFINITY)
        for (const one of [requests, rows]) one.inc(labels, 0)
        late.zero(labels)
      },
      hide: () => {
        for (const state of ['open', 'closed', 'short', 'expired']) windows.remove({ ...labels, state })
        for (const one of [...gauges, lastVerified, deadline, requests, rows, late]) one.remove(labels)
      },
      restore: ({ comparedMs, source }) => {
        if (comparedMs !== undefined) lastVerified.set(labels, comparedMs / 1000)
        if (source !== undefined) showSource(source)
      },
      ledger: state => {
        for (const [name, count] of Object.entries(state.windows))
          windows.set({ ...labels, state: name }, count)
        completeUpTo.set(labels, state.completeUpToSec ?? 0)
        missing.set(labels, state.missing)
        gone.set(labels, state.gone)
        countedOnly.set(labels, state.countedOnly)
        lost.set(labels, state.lost)
      },
      deadline: leftSeconds => deadline.set(labels, leftSeconds ?? Number.POSITIVE_INFINITY),
      retention: (seconds, by) => {
        retention.set(labels, seconds)
        assumed.set(labels, by === 'default' ? 1 : 0)
      },
      lateBy: ageSeconds => late.observe(labels, ageSeconds),
      verified: one => {
        if (one.isCompared) lastVerified.set(labels, one.atMs / 1000)
        requests.inc(labels, one.requests)
        rows.inc(labels, one.rows)
        showSource(one)
      },
    }
  }
}
