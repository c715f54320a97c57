import type { Clock } from '@cf-audit-drain/pipeline'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { type LedgerMetrics, type LedgerPast, ledgerMetrics } from './ledger-metrics.ts'
import { type SourceMetrics, sourceMetrics } from './source-metrics.ts'
import { type StateMetrics, stateMetrics } from './state-metrics.ts'
import { type TaskMetrics, taskMetrics } from './task-metrics.ts'

/** What the poller of one foundation tells. Seconds of Cloud Controller's clock end in `…Sec`, ours in `…Ms`. */
export interface FoundationMetrics extends LedgerMetrics, SourceMetrics, TaskMetrics {
  /**
   * Whether this process is the one that polls; until told otherwise it is. A foundation that another process polls
   * has no series here but `cf_audit_leading` and `cf_audit_fenced_total`: an old number is worse than none.
   */
  leading(yes: boolean): void
  /** Another process wrote the foundation while this one was to. */
  fenced(): void
  /**
   * What the checkpoint remembers of the time before this start. Call before /metrics answers. Without it the poll
   * and the checkpoint count as being as old as the process.
   */
  restore(past: {
    readonly lastSuccessfulPollMs?: number
    readonly checkpointMs?: number
    readonly closedThroughSec?: number
    /** In all. Those that were counted already are not counted again. */
    readonly closedWindows?: number
    readonly ledger?: LedgerPast
    /** Whether the identity saw less when it was last looked at. */
    readonly isNarrowed?: boolean
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
  /** The identity sees less than windows were closed with: none is closed meanwhile. */
  rightsNarrowed(yes: boolean): void
  /** Their clock minus ours. */
  clockSkew(seconds: number): void
  rateLimitRemaining(requests: number): void
  readonly states: StateMetrics
}

/** `led`: kept up to date with what this process polls. */
export function createFoundationMetrics(
  foundations: readonly string[],
  led: Set<string>,
  clock: Clock,
  registry: Registry,
): ReadonlyMap<string, FoundationMetrics> {
  const ofElection = electionMetrics(registry)
  const ofStates = stateMetrics(registry, () => clock.now())
  const ofPolls = pollMetrics(clock, registry)
  const ofRequests = requestMetrics(registry)
  const ofEvents = eventMetrics(registry)
  const ofWindows = windowMetrics(registry)
  const ofLedger = ledgerMetrics(registry)
  const ofSource = sourceMetrics(registry)
  const ofTasks = taskMetrics(registry)
  const ofCloudController = cloudControllerMetrics(registry)
  return new Map(
    foundations.map(foundation => {
      const states = ofStates(foundation)
      const polls = ofPolls(foundation)
      const windows = ofWindows(foundation)
      const ledger = ofLedger(foundation)
      const source = ofSource(foundation)
      const tasks = ofTasks(foundation)
      const requests = ofRequests(foundation)
      const events = ofEvents(foundation)
      const cloudController = ofCloudController(foundation)
      const election = ofElection(foundation)
      const shown = [polls, requests, windows, ledger, source, tasks, events, cloudController]
      const setters: FoundationMetrics = {
        states,
        ...polls,
        ...requests,
        ...events,
        ...windows,
        ...ledger,
        ...source,
        ...tasks,
        ...cloudController,
        ...election,
        leading: yes => {
          election.leading(yes)
          if (yes === led.has(foundation)) return
          if (yes) led.add(foundation)
          else led.delete(foundation)
          if (!yes) states.hide()
          for (const part of shown) (yes ? part.show : part.hide)()
        },
        restore: past => {
          polls.restore(past)
          windows.restore(past)
          if (past.ledger !== undefined) ledger.restore(past.ledger)
          if (past.isNarrowed) cloudController.rightsNarrowed(true)
        },
      }
      setters.leading(true)
      return [foundation, setters]
    }),
  )
}

type Setters<Name extends keyof FoundationMetrics> = (foundation: string) => Pick<FoundationMetrics, Name>
type ShownSetters<Name extends keyof FoundationMetrics> = (foundation: string) => ReturnType<
  Setters<Name>
> & {
  /** The series that exist from the start. */
  show(): void
  /** No series. */
  hide(): void
}

const labelNames = ['foundation'] as const

function gaugeOf(registry: Registry, name: string, help: string): Gauge<'foundation'> {
  return new Gauge({ name: `cf_audit_${name}`, help, labelNames, registers: [registry] })
}

function counterOf(registry: Registry, name: string, help: string): Counter<'foundation'> {
  return new Counter({ name: `cf_audit_${name}`, help, labelNames, registers: [registry] })
}

function electionMetrics(registry: Registry): Setters<'leading' | 'fenced'> {
  const leading = gaugeOf(
    registry,
    'leading',
    '1 when this process is the one to poll the foundation, 0 when it stands by.',
  )
  const fenced = counterOf(
    registry,
    'fenced_total',
    'How often another process wrote the foundation while this one was to.',
  )
  return foundation => {
    const labels = { foundation }
    fenced.inc(labels, 0)
    return {
      leading: yes => leading.set(labels, yes ? 1 : 0),
      fenced: () => fenced.inc(labels),
    }
  }
}

function pollMetrics(
  clock: Clock,
  registry: Registry,
): ShownSetters<'restore' | 'pollSucceeded' | 'pollFailed' | 'checkpointed'> {
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
  return foundation => {
    const labels = { foundation }
    return {
      show: () => {
        lastPoll.set(labels, clock.now() / 1000)
        checkpointMs.set(foundation, clock.now())
        failures.inc(labels, 0)
        duration.zero(labels)
      },
      hide: () => {
        for (const metric of [lastPoll, failures, duration]) metric.remove(labels)
        checkpointMs.delete(foundation)
      },
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
      checkpointed: atMs => {
        checkpointMs.set(foundation, atMs)
      },
    }
  }
}

function requestMetrics(registry: Registry): ShownSetters<'request'> {
  const requests = new Counter({
    name: 'cf_audit_cc_requests_total',
    help: 'Requests to Cloud Controller and UAA by status code; error: no answer.',
    labelNames: ['foundation', 'code'] as const,
    registers: [registry],
  })
  return foundation => {
    /** Those that have a series; empty while there is none. */
    const codes = new Set<string>()
    const count = (code: string, by: number) => {
      codes.add(code)
      requests.inc({ foundation, code }, by)
    }
    return {
      show: () => count('200', 0),
      hide: () => {
        for (const code of codes) requests.remove({ foundation, code })
        codes.clear()
      },
      request: code => {
        // A request for a token may end after the term that asked for it.
        if (codes.size > 0) count(codeLabel(code), 1)
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
      this.reset()
      for (const [foundation, atMs] of checkpointMs) {
        this.set({ foundation }, Math.max(0, clock.now() - atMs) / 1000)
      }
    },
  })
  return checkpointMs
}

function eventMetrics(registry: Registry): ShownSetters<'ingested' | 'lateEvents'> {
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
    return {
      show: () => {
        lag.zero(labels)
        late.inc(labels, 0)
      },
      hide: () => {
        for (const metric of [lag, late]) metric.remove(labels)
      },
      ingested: lagSeconds => lag.observe(labels, lagSeconds),
      lateEvents: count => late.inc(labels, count),
    }
  }
}

function windowMetrics(
  registry: Registry,
): ShownSetters<'restore' | 'windowsOpen' | 'windowsClosed' | 'closedThrough' | 'missing' | 'heldNotShown'> {
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
    let counted = 0
    const windowsClosed = (count: number) => {
      counted += count
      closed.inc(labels, count)
    }
    return {
      show: () => {
        counted = 0
        closed.inc(labels, 0)
        for (const gauge of [open, closedThrough, missing, heldNotShown]) gauge.set(labels, 0)
      },
      hide: () => {
        for (const metric of [closed, open, closedThrough, missing, heldNotShown]) metric.remove(labels)
      },
      restore: past => {
        if (past.closedThroughSec !== undefined) closedThrough.set(labels, past.closedThroughSec)
        windowsClosed(Math.max(0, (past.closedWindows ?? 0) - counted))
      },
      windowsOpen: count => open.set(labels, count),
      windowsClosed,
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
): ShownSetters<'seesEverything' | 'rightsNarrowed' | 'clockSkew' | 'rateLimitRemaining'> {
  const rights = gaugeOf(registry, 'sees_everything', '1 when the client may see every audit event, else 0.')
  const narrowed = gaugeOf(
    registry,
    'rights_narrowed',
    '1 while the identity sees less than before: no window is closed or verified then.',
  )
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
      show: () => undefined,
      hide: () => {
        for (const metric of [rights, narrowed, skew, remaining]) metric.remove(labels)
      },
      seesEverything: yes => rights.set(labels, yes ? 1 : 0),
      rightsNarrowed: yes => narrowed.set(labels, yes ? 1 : 0),
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
