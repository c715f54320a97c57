import type { Config, SinkConfig } from '@cf-audit-drain/config'
import { catalogue, createScrubber } from '@cf-audit-drain/event'
import type { EventLog, LogRecord } from '@cf-audit-drain/log'
import { type Clock, type Random, type Sink, systemClock } from '@cf-audit-drain/pipeline'
import {
  createMetrics,
  type Logger,
  type Metrics,
  PatientReading,
  requireFreeAddress,
  startHttpServer,
} from '@cf-audit-drain/runtime'
import type { SchemaIdKeeper } from '@cf-audit-drain/schema-registry'
import { ConfigurationError } from './configuration.ts'
import { type FoundationService, foundationService, pollElected, refreshMetrics } from './foundations.ts'
import { notReady } from './not-ready.ts'
import { openLog } from './open-log.ts'
import { keepRetention, type SourceAge } from './retention.ts'
import { startSchemaRegistry } from './schema-registry.ts'
import { scrubKey } from './scrub-key.ts'
import { type SinkObserver, SinkWorker } from './sink-worker.ts'
import { allIn, logKind, readLogState, statusOf } from './status.ts'
import { stopTimes } from './stop-times.ts'
import { version } from './version.ts'
import { warnOfNewKey } from './warn-of-new-key.ts'

export interface StartOptions {
  readonly config: Config
  readonly logger: Logger
  readonly random: Random
  /** Makes the sink that a configuration asks for; `start` sends by syslog, a dry run prints. */
  readonly makeSink: (config: SinkConfig) => Sink<LogRecord>
  /** Those of other processes too; default: the sinks of `config`. */
  readonly configuredSinks?: readonly string[]
  /** As well; default: the foundations of `config`. */
  readonly configuredFoundations?: readonly string[]
  /** End, with everything settled, once every visible event is in the log and acknowledged by every sink. */
  readonly untilCaughtUp?: boolean
  readonly clock?: Clock
  /** Foundations of a log on Kafka whose checkpoint is gone and that the operator has told where to go on. */
  readonly startAnew?: readonly string[]
  /** See PollerOptions. */
  readonly acceptRights?: boolean
  /** No HTTP server: for a dry run. */
  readonly quiet?: boolean
  /** A foundation is about to be polled: its writer is open. */
  readonly onPolling?: () => void
  readonly onListening?: (url: string) => void
  readonly onCaughtUp?: (log: EventLog) => Promise<void>
}

/** Shorter than a scrape may take (10 s by default): the other metrics must not go with the brokers. */
const kafkaPatienceMs = 4_000
/** How long brokers may keep a start from listening, and then a scrape from its answer: a checkpoint is there within. */
const listenWithinMs = 1_000
const beginPatienceMs = 3_000

/**
 * Everything of one process: a poller per foundation, a worker per sink, the log between them, and the HTTP endpoints.
 * Returns when the signal is aborted and what was in hand has settled, or when caught up if that was asked for.
 */
export async function start(options: StartOptions, signal: AbortSignal): Promise<void> {
  const { config, logger, random, clock = systemClock } = options
  const registry = await startSchemaRegistry(config, { clock, logger })
  const schemaIds = registry?.keeper ?? null
  const { startAnew, configuredFoundations } = options
  const known = { startAnew, schemaIds, foundations: configuredFoundations }
  const log = await openLog(config, { clock, logger }, 'write', known)
  try {
    const metrics = metricsOf(config, log, schemaIds, clock)
    const polled =
      config.foundations.length === 0 ? nothingPolled : pollers({ ...options, clock }, log, metrics, signal)
    const workers = config.sinks.map(
      sink =>
        new SinkWorker(
          sink,
          options.makeSink(sink),
          { log, clock, random, ...stopTimes(config.shutdownTimeoutMs) },
          sinkObserver(sink, logger, metrics, clock),
        ),
    )
    await runAll({ ...options, clock }, { config, log, metrics, ...polled, workers, schemaIds }, signal)
  } finally {
    await log.close()
    await registry?.close()
  }
}

/** A process that only delivers has no use for the scrubbing key, and makes none. */
function pollers(
  {
    config,
    logger,
    random,
    clock,
    acceptRights = false,
    onPolling,
  }: StartOptions & { readonly clock: Clock },
  log: EventLog,
  metrics: Metrics,
  signal: AbortSignal,
): Pick<Parts, 'foundations' | 'beforePolling'> {
  const { key, made } = scrubKey(config)
  const scrubber = createScrubber({ key })
  const warned = made ? warnOfNewKey(log, logger, signal) : Promise.resolve()
  const foundations = config.foundations.map(foundation =>
    foundationService(foundation, {
      log,
      scrubber,
      clock,
      random,
      logger: logger.child({ component: 'poller', foundation: foundation.name }),
      metrics: metrics.foundation(foundation.name),
      isAlone: config.foundations.length === 1,
      acceptRights,
      ...(onPolling && { opened: onPolling }),
    }),
  )
  return { foundations, beforePolling: () => warned }
}

const nothingPolled = { foundations: [], beforePolling: async () => undefined }

interface Parts {
  readonly config: Config
  readonly log: EventLog
  readonly metrics: Metrics
  readonly foundations: readonly FoundationService[]
  /** Awaited before a foundation is polled. */
  readonly beforePolling: () => Promise<void>
  readonly workers: readonly SinkWorker[]
  /** Null where no schema registry is configured, or nothing is polled. */
  readonly schemaIds: SchemaIdKeeper | null
}

async function runAll(
  options: StartOptions & { readonly clock: Clock },
  parts: Parts,
  signal: AbortSignal,
): Promise<void> {
  const { config, logger, clock } = options
  const { log, foundations, workers } = parts
  // Before the election: one that is elected and then ends holds the foundation up.
  if (!options.quiet) await requireFreeAddress(config.http).catch(refusedAddress)
  const done = new AbortController()
  const running = AbortSignal.any([signal, done.signal])
  const loops: Promise<void>[] = [
    pollElected(log, foundations, parts.beforePolling, running),
    ...workers.map(worker => worker.run(running)),
    keepRetention(config, log, { clock, logger, sources: () => foundations.map(sourceAge) }, running),
  ]
  // The first part that ends in an error ends them all: the process says so and stops, its state durable.
  for (const loop of loops) loop.catch(error => done.abort(error))
  const begun = Promise.race([Promise.all(foundations.map(one => one.resumed)), Promise.allSettled(loops)])
  await patiently(begun, config.log.kafka === null ? null : listenWithinMs, clock)
  let server: Awaited<ReturnType<typeof listen>> | null = null
  try {
    if (!options.quiet) server = await listen(options, parts, begun)
    if (options.untilCaughtUp || options.onCaughtUp) {
      await allIn(parts, clock, running)
      await options.onCaughtUp?.(log)
      if (options.untilCaughtUp) done.abort(new Error('caught up'))
    }
    await Promise.all(loops)
  } catch (error) {
    if (!running.aborted) throw error
  } finally {
    done.abort(new Error('stopping'))
    await Promise.allSettled(loops)
    await Promise.all(foundations.map(one => one.close()))
    await server?.close()
  }
  await Promise.all(loops)
}

function sourceAge({ elected }: FoundationService): SourceAge {
  return elected.poller?.status().lastVerified ?? null
}

/** Null: for as long as it takes. */
async function patiently(awaited: Promise<unknown>, patienceMs: number | null, clock: Clock): Promise<void> {
  const over = new AbortController()
  const late = patienceMs === null ? [] : [clock.sleep(patienceMs, over.signal).catch(() => undefined)]
  await Promise.race([awaited, ...late])
  over.abort()
}

/** `begun`: what metrics show of the time before this process is known; a scrape waits a moment for it. */
async function listen(
  options: StartOptions & { readonly clock: Clock },
  parts: Parts,
  begun: Promise<unknown>,
) {
  const { config, logger, clock } = options
  const state = new PatientReading(
    () => readLogState(parts.log),
    patienceOf(config),
    clock,
    () => parts.log.unreachable?.() ?? null,
  )
  const server = await startHttpServer({
    host: config.http.host,
    port: config.http.port,
    logger,
    metrics: async () => {
      await patiently(begun, beginPatienceMs, clock)
      for (const one of parts.foundations) refreshMetrics(one, parts.metrics.foundation(one.config.name))
      showRegistry(parts)
      return parts.metrics.expose()
    },
    notReady: () => notReady(parts),
    status: () =>
      statusOf({ ...parts, log: state }, options.configuredSinks ?? config.sinks.map(({ name }) => name)),
  }).catch(refusedAddress)
  logger.info({ url: server.url }, 'listening: /metrics /healthz /readyz /status')
  options.onListening?.(server.url)
  return server
}

function refusedAddress(error: Error): never {
  throw new ConfigurationError(error.message)
}

function showRegistry({ schemaIds, metrics, config }: Parts): void {
  if (schemaIds === null) return
  const { isReachable, topics } = schemaIds.status()
  metrics.schemaRegistry?.reachable(isReachable ?? false)
  for (const [i, { missing }] of topics.entries())
    metrics.schemaRegistry?.missing(config.foundations[i]?.name ?? '', missing)
}

/** How long /metrics and /status wait for the log; a file answers, or says that it cannot. */
function patienceOf(config: Config): number | null {
  return config.log.kafka === null ? null : kafkaPatienceMs
}

function metricsOf(config: Config, log: EventLog, schemaIds: SchemaIdKeeper | null, clock: Clock): Metrics {
  return createMetrics({
    version,
    log: logKind(config),
    foundations: config.foundations.map(({ name }) => name),
    sinks: config.sinks.map(({ name }) => name),
    knownTypes: new Set(catalogue.keys()),
    durable: log,
    patienceMs: patienceOf(config),
    hasSchemaRegistry: schemaIds !== null,
    clock,
  })
}

function sinkObserver(sink: SinkConfig, logger: Logger, metrics: Metrics, clock: Clock): SinkObserver {
  const told = logger.child({ component: 'sink', sink: sink.name })
  const counts = metrics.sink(sink.name)
  return {
    settled(records) {
      counts.delivered(records, clock.now())
      told.debug({ records }, 'delivered and confirmed')
    },
    failed({ error, attempt, delayMs, unknown }) {
      counts.retried()
      counts.resent(unknown)
      // A SIEM that is down for a weekend must not fill a disk with lines: 1st, 2nd, 4th, 8th … attempt.
      const level = Number.isInteger(Math.log2(attempt)) ? 'warn' : 'debug'
      // Nothing of it has gone out where nothing is sent again: a way that is closed, a log that cannot be reached.
      if (unknown > 0)
        told.warn(
          { reason: error.message, attempt, delayMs, sentAgain: unknown },
          'not confirmed; it is sent again',
        )
      else told[level]({ reason: error.message, attempt, delayMs }, 'failed; it is tried again')
    },
    givenUp: records => counts.resent(records),
    interrupted: (sentAgain, { message: reason }) =>
      told.warn(
        { sentAgain, reason },
        'ended before all that was sent was confirmed and settled; it is sent again',
      ),
    up: isUp => counts.connected(isUp),
    unread: reasons => counts.unread(reasons),
    reads: foundations => counts.reads(foundations),
    lost: (foundation, records, atMs) => counts.lost(foundation, records, atMs),
    resumed: () => told.info('the log can be read again'),
    buried(records, first) {
      told.error({ records, first }, 'records this sink cannot take were put into the dead-letter store')
    },
  }
}
