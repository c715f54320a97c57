import type { Config } from '@cf-audit-drain/config'
import type { EventLog } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { SchemaIdKeeper } from '@cf-audit-drain/schema-registry'
import type { FoundationService } from './foundations.ts'
import type { SinkWorker } from './sink-worker.ts'
import { version } from './version.ts'

export interface StatusParts {
  readonly config: Config
  readonly log: EventLog
  readonly foundations: readonly FoundationService[]
  readonly workers: readonly SinkWorker[]
  readonly schemaIds: SchemaIdKeeper | null
}

/** The object behind /status. */
export async function statusOf(
  {
    config,
    log,
    foundations,
    workers,
    schemaIds,
  }: Omit<StatusParts, 'log'> & { readonly log: Pick<EventLog, 'positions' | 'deadLetterCounts'> },
  configuredSinks: readonly string[],
): Promise<unknown> {
  const [positions, deadLetters] = await Promise.all([log.positions(), log.deadLetterCounts()])
  return {
    version,
    log: logKind(config),
    /** Of this process as a writer; null where no registry is configured, or nothing is polled. */
    schemaRegistry: schemaIds?.status() ?? null,
    foundations: foundations.map(({ elected, controller, config }) => ({
      foundation: config.name,
      api: config.api,
      ...elected.poller?.status(),
      state: elected.state,
      /** How often another process wrote the foundation while this one was to. */
      fenced: elected.fenced,
      rateLimit: controller.rateLimit,
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
        return !position || position.lag > 0
      })
      if (waiting.length === 0) return
    }
    await clock.sleep(100, signal)
  }
}
