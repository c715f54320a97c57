import type { Clock } from '@cf-audit-drain/pipeline'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** What the poller of one foundation tells. Seconds of Cloud Controller's clock end in `…Sec`, ours in `…Ms`. */
export interface FoundationMetrics {
  /**
   * What the checkpoint remembers of the time before this start. Call before /metrics answers. Without it the poll
   * and the checkpoint count as being as old as the process.
   */
  restore(past: {
    readonly lastSuccessfulPollMs?: number
    readonly checkpointMs?: number
    readonly closedThroughSec?: number
  }): void
  /** A poll came to its end: every page read, checked and committed with the checkpoint. */
  pollSucceeded(atMs: number, durationMs: number): void
  /** Without a duration when it is not known. */
  pollFailed(durationMs?: number): void
  /** One HTTP answer of UAA or Cloud Controller; `error` when there was none. */
  request(code: number | 'error'): void
  /** A live event: from its creation at Cloud Controller until it was in the log. */
  ingested(lagSeconds: number): void
  /** Events that came in after their window had been looked at, by overlap, sweep or last check. */
  lateEvents(count: number): void
  windowsOpen(count: number): void
  windowsClosed(count: number): void
  /** Every window before this second is closed; NaN leaves it as it was. */
  closedThrough(sec: number): void
  /** Guids that Cloud Controller shows and the log does not hold, at the last comparison. */
  missing(count: number): void
  /** Guids that the log holds and Cloud Controller does not show (deleted there), at the last comparison. */
  heldNotShown(count: number): void
  /** The checkpoint was made durable otherwise than by a poll, such as by a backfill. */
  checkpointed(atMs: number): void
  seesEverything(yes: boolean): void
  /** Their clock minus ours. */
  clockSkew(seconds: number): void
  rateLimitRemaining(requests: number): void
}

export function createFoundationMetrics(
  foundations: readonly string[],
  clock: Clock,
  registry: Registry,
): ReadonlyMap<string, FoundationMetrics> {
  const ofPolls = pollMetrics(clock, registry)
  const ofEvents = eventMetrics(registry)
  const ofWindows = windowMetrics(registry)
  const ofCloudController = cloudControllerMetrics(registry)
  return new Map(
    foundations.map(foundation => {
      const polls = ofPolls(foundation)
      const windows = ofWindows(foundation)
      const setters: FoundationMetrics = {
        ...polls,
        ...ofEvents(foundation),
        ...windows,
        ...ofCloudController(foundation),
        restore: past => {
          polls.restore(past)
          windows.restore(past)
        },
      }
      return [foundation, setters]
    }),
  )
}

type Setters<Name extends keyof FoundationMetrics> = (foundation: string) => Pick<FoundationMetrics, Name>

const labelNames = ['foundation'] as const

function gaugeOf(registry: Registry, name: string, help: string): Gauge<'foundation'> {
  return new Gauge({ name: `cf_audit_${name}`, help, labelNames, registers: [registry] })
}

function counterOf(registry: Registry, name: string, help: string): Counter<'foundation'> {
  return new Counter({ name: `cf_audit_${name}`, help, labelNames, registers: [registry] })
}

function pollMetrics(
  clock: Clock,
  registry: Registry,
): Setters<'restore' | 'pollSucceeded' | 'pollFailed' | 'request' | 'checkpointed'> {
  const lastPoll = gaugeOf(
    registry,
    'last_successful_poll_timestamp_seconds',
    'When a poll last ended with everything committed; the start of the process before the first one ever.',
  )
  const checkpointMs = checkpointAge(clock, registry)
  const failures = counterOf(
    registry,
    'poll_failures_total',
    'Polls that ended in an error and are tried again.',
  )
  const duration = new Histogram({
    name: 'cf_audit_poll_duration_seconds',
    help: 'How long a poll took, from its first request until it was committed or failed.',
    labelNames,
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers: [registry],
  })
  const requests = new Counter({
    name: 'cf_audit_cc_requests_total',
    help: 'Requests to Cloud Controller and UAA by status code; error: no answer.',
    labelNames: ['foundation', 'code'] as const,
    registers: [registry],
  })
  return foundation => {
    const labels = { foundation }
    lastPoll.set(labels, clock.now() / 1000)
    checkpointMs.set(foundation, clock.now())
    failures.inc(labels, 0)
    duration.zero(labels)
    requests.inc({ foundation, code: '200' }, 0)
    return {
      restore: past => {
        if (past.lastSuccessfulPollMs !== undefined) lastPoll.set(labels, past.lastSuccessfulPollMs / 1000)
        if (past.checkpointMs !== undefined) checkpointMs.set(foundation, past.checkpointMs)
      },
      pollSucceeded: (atMs, durationMs) => {
        lastPoll.set(labels, atMs / 1000)
        checkpointMs.set(foundation, atMs)
        duration.observe(labels, durationMs / 1000)
      },
      pollFailed: durationMs => {
        failures.inc(labels)
        if (durationMs !== undefined) duration.observe(labels, durationMs / 1000)
      },
      request: code => requests.inc({ foundation, code: codeLabel(code) }),
      checkpointed: atMs => {
        checkpointMs.set(foundation, atMs)
      },
    }
  }
}

/** By foundation when its checkpoint was last made durable; shown as an age. */
function checkpointAge(clock: Clock, registry: Registry): Map<string, number> {
  const checkpointMs = new Map<string, number>()
  new Gauge({
    name: 'cf_audit_checkpoint_age_seconds',
    help: 'How long ago the checkpoint was last made durable.',
    labelNames,
    registers: [registry],
    collect() {
      for (const [foundation, atMs] of checkpointMs) {
        this.set({ foundation }, Math.max(0, clock.now() - atMs) / 1000)
      }
    },
  })
  return checkpointMs
}

function eventMetrics(registry: Registry): Setters<'ingested' | 'lateEvents'> {
  const lag = new Histogram({
    name: 'cf_audit_ingest_lag_seconds',
    help: 'From the creation of a live event at Cloud Controller until it was in the log.',
    labelNames,
    buckets: [1, 2.5, 5, 10, 15, 30, 60, 120, 300, 900, 3600, 14400],
    registers: [registry],
  })
  const late = counterOf(
    registry,
    'late_events_total',
    'Events that became visible after their window had been read before.',
  )
  return foundation => {
    const labels = { foundation }
    lag.zero(labels)
    late.inc(labels, 0)
    return {
      ingested: lagSeconds => lag.observe(labels, lagSeconds),
      lateEvents: count => late.inc(labels, count),
    }
  }
}

function windowMetrics(
  registry: Registry,
): Setters<'restore' | 'windowsOpen' | 'windowsClosed' | 'closedThrough' | 'missing' | 'heldNotShown'> {
  const open = gaugeOf(
    registry,
    'windows_open',
    'Windows whose guids are not yet those that Cloud Controller shows.',
  )
  const closed = counterOf(
    registry,
    'windows_closed_total',
    'Windows whose guids were found equal to those of Cloud Controller.',
  )
  const closedThrough = gaugeOf(
    registry,
    'closed_through_timestamp_seconds',
    'Every window before this time is closed; 0 when none is.',
  )
  const missing = gaugeOf(
    registry,
    'reconcile_missing_events',
    'Events that Cloud Controller shows and the log does not hold, at the last comparison.',
  )
  const heldNotShown = gaugeOf(
    registry,
    'reconcile_held_not_shown_events',
    'Events that the log holds and Cloud Controller no longer shows, at the last comparison.',
  )
  return foundation => {
    const labels = { foundation }
    closed.inc(labels, 0)
    for (const gauge of [open, closedThrough, missing, heldNotShown]) gauge.set(labels, 0)
    return {
      restore: past => {
        if (past.closedThroughSec !== undefined) closedThrough.set(labels, past.closedThroughSec)
      },
      windowsOpen: count => open.set(labels, count),
      windowsClosed: count => closed.inc(labels, count),
      closedThrough: sec => {
        if (Number.isFinite(sec)) closedThrough.set(labels, sec)
      },
      missing: count => missing.set(labels, count),
      heldNotShown: count => heldNotShown.set(labels, count),
    }
  }
}

function cloudControllerMetrics(
  registry: Registry,
): Setters<'seesEverything' | 'clockSkew' | 'rateLimitRemaining'> {
  const rights = gaugeOf(registry, 'sees_everything', '1 when the client may see every audit event, else 0.')
  const skew = gaugeOf(
    registry,
    'clock_skew_seconds',
    'Clock of Cloud Controller minus the clock of this machine.',
  )
  const remaining = gaugeOf(
    registry,
    'ratelimit_remaining_requests',
    'X-RateLimit-Remaining of the last answer that had one.',
  )
  return foundation => {
    const labels = { foundation }
    return {
      seesEverything: yes => rights.set(labels, yes ? 1 : 0),
      clockSkew: seconds => skew.set(labels, seconds),
      rateLimitRemaining: count => remaining.set(labels, count),
    }
  }
}

/** A status code, so that a server cannot make labels up. */
function codeLabel(code: number | 'error'): string {
  return typeof code === 'number' && Number.isInteger(code) && code >= 100 && code <= 599
    ? String(code)
    : 'error'
}
