import type { Config } from '@cf-audit-drain/config'
import { type EventLog, isoSec, type SinkPosition } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { Poller } from '@cf-audit-drain/poller'
import { describeError, type PatientReading } from '@cf-audit-drain/runtime'
import type { SchemaIdKeeper } from '@cf-audit-drain/schema-registry'
import type { FoundationService } from './foundations.ts'
import { verdictObject } from './ledger.ts'
import type { SinkWorker } from './sink-worker.ts'
import { version } from './version.ts'

export interface StatusParts {
  readonly config: Config
  readonly log: EventLog
  readonly foundations: readonly FoundationService[]
  readonly workers: readonly SinkWorker[]
  readonly schemaIds: SchemaIdKeeper | null
}

/** What /status tells of the log itself. */
export interface LogState {
  readonly positions: readonly SinkPosition[]
  readonly deadLetters: Awaited<ReturnType<EventLog['deadLetterCounts']>>
}

export async function readLogState(log: Pick<EventLog, 'positions' | 'deadLetterCounts'>): Promise<LogState> {
  const [positions, deadLetters] = await Promise.all([log.positions(), log.deadLetterCounts()])
  return { positions, deadLetters }
}

/** The object behind /status. */
export async function statusOf(
  {
    config,
    log,
    foundations,
    workers,
    schemaIds,
  }: Omit<StatusParts, 'log'> & { readonly log: Pick<PatientReading<LogState>, 'latest'> },
  configuredSinks: readonly string[],
): Promise<unknown> {
  const { value, problem } = await log.latest()
  // A file that cannot be read is an error of this process; brokers come back.
  if (problem !== null && config.log.kafka === null) throw problem
  const { positions: all, deadLetters } = value ?? { positions: [], deadLetters: null }
  const positions = all.filter(({ hidden }) => hidden === undefined)
  const hidden = all.map(one => (configuredSinks.includes(one.sink) ? one.hidden : undefined))
  const problems = [problem, ...hidden].flatMap(error => (error ? describeError(error).message : []))
  return {
    version,
    log: {
      ...logKind(config),
      /** Why positions and dead letters are those that were read last, or lack a sink, or are none; null when they are of now. */
      problem: problems.length === 0 ? null : problems.join('; '),
    },
    /** Of this process as a writer; null where no registry is configured, or nothing is polled. */
    schemaRegistry: schemaIds?.status() ?? null,
    foundations: foundations.map(({ elected, controller, tasks, config }) => ({
      foundation: config.name,
      api: config.api,
      ...statusOfPoller(elected.poller),
      state: elected.state,
      /** How often another process wrote the foundation while this one was to. */
      fenced: elected.fenced,
      rateLimit: controller.rateLimit,
      /** Null where they are not followed. */
      tasks: tasks.status(),
    })),
    sinks: workers.map(worker => ({
      ...worker.status(),
      position: positions.find(position => position.sink === worker.config.name) ?? null,
    })),
    /** Cursors of sinks that are not configured: they hold back retention (`start --forget-sink NAME`). */
    unconfiguredSinks: positions
      .map(position => position.sink)
      .filter(name => !configuredSinks.includes(name)),
    deadLetters,
  }
}

/** With the verdict of the ledger as `cf-audit-drain ledger --json` has it. */
function statusOfPoller(poller: Poller | null) {
  if (poller === null) return {}
  const { ledger, deadline, retention, ...status } = poller.status()
  const { oldest } = status.checkpoint ?? {}
  const waits = deadline && {
    oldestUnheld: isoSec(deadline.oldestUnheldSec),
    hoursLeft: tenthsOfHours(deadline.leftSec),
    retentionBy: retention?.by ?? null,
  }
  const kept = retention && {
    days: Math.floor(retention.sec / 864) / 100,
    by: retention.by,
    oldestAgeHours: oldest === undefined ? null : tenthsOfHours(oldest.seenSec - oldest.sec),
  }
  return {
    ...status,
    deadline: waits,
    retention: kept,
    ledger: ledger === null ? null : verdictObject(status.foundation, ledger),
  }
}

function tenthsOfHours(sec: number): number {
  return Math.floor(sec / 360) / 10
}

/** Where the log is, and what a publish to it promises. */
export function logKind({ log: { kafka } }: Config) {
  return kafka === null
    ? ({ on: 'disk', delivery: 'exactly-once' } as const)
    : ({ on: 'kafka', delivery: kafka.delivery } as const)
}

/** Waits until every visible event is in the log and acknowledged by every sink. */
export async function allIn(parts: StatusParts, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    if (parts.foundations.every(({ elected }) => elected.poller?.caughtUp())) {
      const positions = await parts.log.positions()
      const waiting = parts.workers.filter(worker => {
        const position = positions.find(one => one.sink === worker.config.name)
        return position?.lag !== 0 || worker.status().unread.length > 0
      })
      if (waiting.length === 0) return
    }
    await clock.sleep(100, signal)
  }
}
