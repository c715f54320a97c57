import {
  type CloudController,
  CloudFoundryError,
  cloudController,
  type TokenSource,
} from '@cf-audit-drain/cloud-foundry'
import type { FoundationConfig } from '@cf-audit-drain/config'
import type { Scrubber } from '@cf-audit-drain/event'
import { type EventLog, isoSec } from '@cf-audit-drain/log'
import { type Clock, orAborted, type Random } from '@cf-audit-drain/pipeline'
import { Poller, type PollerObserver, type PollerOptions } from '@cf-audit-drain/poller'
import type { FoundationMetrics, Logger } from '@cf-audit-drain/runtime'
import { buriedLines } from './buried-lines.ts'
import { type ClientDeps, clientDeps, clientOptions } from './client-options.ts'
import { differencesOf } from './differences.ts'
import { ElectedPoller } from './elected-poller.ts'
import { ledgerObserver } from './ledger-observer.ts'
import { namesOf } from './names.ts'
import { rightsObserver } from './rights-observer.ts'
import { sourceObserver } from './source-observer.ts'
import { type FoundationTasks, tasksOf } from './tasks.ts'

export interface FoundationDeps {
  readonly log: EventLog
  readonly scrubber: Scrubber
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: FoundationMetrics | null
  readonly isAlone: boolean
  readonly acceptRights: boolean
  /** A poller has its writer, and begins. */
  readonly opened?: () => void
}

export interface FoundationService {
  readonly config: FoundationConfig
  readonly controller: CloudController
  readonly elected: ElectedPoller
  readonly tasks: FoundationTasks
  /** Resolves when the checkpoint was read, or could not be, or is another process's: metrics may then be shown. */
  readonly resumed: Promise<void>
  close(): Promise<void>
}

export function controllerOf(
  config: FoundationConfig,
  deps: ClientDeps & { readonly tries?: number; readonly tokens?: TokenSource },
): CloudController {
  const retry = deps.tries === undefined ? {} : { retry: { tries: deps.tries } }
  return cloudController({ ...clientOptions(config), ...retry }, clientDeps(deps), deps.tokens)
}

export function foundationService(config: FoundationConfig, deps: FoundationDeps): FoundationService {
  const controller = controllerOf(config, deps)
  const names = namesOf(config, controller, deps)
  const tasks = tasksOf(config, controller, deps)
  const resumed = Promise.withResolvers<void>()
  // Of the start of the process, not of every term.
  let { acceptRights } = deps
  const rightsAccepted = () => {
    acceptRights = false
  }
  const elected = new ElectedPoller(config.name, {
    ...deps,
    makePoller(opened) {
      const begins = () => {
        opened()
        deps.opened?.()
      }
      const observer = { ...observerOf(deps, begins, () => resumed.resolve()), rightsAccepted }
      return new Poller(pollerOptions(config, acceptRights), {
        ...deps,
        controller,
        ...differencesOf(config, controller, deps),
        observer,
        ...names.deps,
        ...tasks.deps,
      })
    },
    settled: () => resumed.resolve(),
    away: () => deps.log.unreachable?.() ?? null,
  })
  const close = async () => {
    await Promise.all([controller.close(), names.close(), tasks.close()])
  }
  return { config, controller, elected, tasks, resumed: resumed.promise, close }
}

/** The pollers of a process, in the terms that the log gives to them, each after `before`, until the signal is aborted. */
export async function pollElected(
  log: EventLog,
  foundations: readonly FoundationService[],
  before: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (foundations.length === 0) return
  const byName = new Map(foundations.map(one => [one.config.name, one.elected]))
  await log.lead(
    [...byName.keys()],
    {
      poll: async (foundation, term) => {
        await orAborted(before(), term).catch(() => undefined)
        await byName.get(foundation)?.poll(term)
      },
      elected: (ours, barred) => {
        for (const [name, one] of byName) one.elected(barred.has(name) ? null : (ours?.has(name) ?? null))
      },
      failed: (error, foundation) => {
        for (const [name, one] of byName)
          if (foundation === undefined || foundation === name) one.failed(error)
      },
    },
    signal,
  )
}

function pollerOptions(config: FoundationConfig, acceptRights: boolean): PollerOptions {
  const { name, startFrom, pollIntervalMs, overlapMs, sweeps, verifyIntervalMs, retentionMs, strict } = config
  return {
    foundation: name,
    startFrom: startFrom.kind === 'instant' ? startFrom.atSec : startFrom.kind,
    pollIntervalMs,
    overlapMs,
    sweeps,
    verifyIntervalMs,
    retentionSec: retentionMs === null ? null : retentionMs / 1000,
    strict,
    acceptRights,
  }
}

/** Log lines and metrics of what a poller tells. */
function observerOf(
  { logger, metrics, clock }: FoundationDeps,
  opened: () => void,
  settled: () => void,
): PollerObserver {
  const missing = { poll: 0, 'catch-up': 0 }
  return {
    ...ledgerObserver(logger, metrics, clock),
    resumed(checkpoint, comparedMs) {
      const { verified } = checkpoint ?? {}
      if (checkpoint)
        metrics?.restore({
          ledger: { ...(comparedMs !== null && { comparedMs }), ...(verified && { source: verified }) },
          isNarrowed: checkpoint.narrowed !== undefined,
          closedWindows: checkpoint.closedWindows,
          lastSuccessfulPollMs: checkpoint.writtenMs,
          checkpointMs: checkpoint.writtenMs,
          closedThroughSec: Math.min(checkpoint.tailFromSec, checkpoint.unread[0]?.fromSec ?? Infinity),
        })
      opened()
      settled()
    },
    ...rightsObserver({ logger, metrics }),
    ...sourceObserver(logger),
    polled({ published, rows, durationMs }) {
      metrics?.pollSucceeded(clock.now(), durationMs)
      logger.debug({ published, rows, durationMs: Math.round(durationMs) }, 'polled')
    },
    failed({ loop, error, attempt, delayMs }) {
      settled()
      if (loop === 'poll') metrics?.pollFailed()
      const cause = error instanceof CloudFoundryError ? { reason: error.message } : { err: error }
      logger.warn({ loop, ...cause, attempt, delayMs }, 'reading Cloud Controller failed; it is tried again')
    },
    ingested(lagsSec) {
      for (const lagSec of lagsSec) metrics?.ingested(lagSec)
    },
    compared({ fromSec, toSec, shown, heldNotShown }) {
      const window = { from: isoSec(fromSec), to: isoSec(toSec), shown }
      if (heldNotShown.length > 0) {
        logger.warn(
          { ...window, guids: heldNotShown.slice(0, 20), count: heldNotShown.length },
          'the log holds events that Cloud Controller no longer shows',
        )
        return
      }
      metrics?.windowsClosed(1)
      logger.info(window, 'window closed: the log holds exactly what Cloud Controller shows')
    },
    late({ published }) {
      metrics?.lateEvents(published)
      logger.info({ published }, 'a sweep found events that became visible late')
    },
    missing(loop, count) {
      const isNews = count > 0 && count !== missing[loop]
      missing[loop] = count
      metrics?.missing(missing.poll + missing['catch-up'])
      if (isNews)
        logger.warn({ count }, 'a window stays open: Cloud Controller counts rows that it does not show')
    },
    published(atMs) {
      metrics?.checkpointed(atMs)
    },
    buried: buriedLines(logger),
  }
}

/** Sets the gauges that speak of now; called before every scrape. */
export function refreshMetrics({ controller, elected }: FoundationService, metrics: FoundationMetrics): void {
  if (elected.poller === null) return
  const { checkpoint, windows, ledger, deadline, retention, source, skewMs } = elected.poller.status()
  if (ledger !== null) metrics.ledger(ledger)
  if (source !== null) metrics.source(source)
  metrics.deadline(deadline?.leftSec ?? null)
  if (retention !== null) metrics.retention(retention.sec, retention.by)
  if (checkpoint) {
    metrics.windowsOpen(windows.open)
    if (windows.completeUpTo) metrics.closedThrough(Date.parse(windows.completeUpTo) / 1000)
    metrics.heldNotShown(windows.heldNotShown)
  }
  if (skewMs !== null) metrics.clockSkew(skewMs / 1000)
  if (controller.rateLimit) metrics.rateLimitRemaining(controller.rateLimit.remaining)
}
