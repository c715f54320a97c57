import type { EventLog } from '@cf-audit-drain/log'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { Gauge, Registry } from 'prom-client'
import { DurableMetrics } from './durable-metrics.ts'
import { createFoundationMetrics, type FoundationMetrics } from './foundation-metrics.ts'
import { collectProcessMetrics } from './process-metrics.ts'
import { createSchemaRegistryMetrics, type SchemaRegistryMetrics } from './schema-registry-metrics.ts'
import { createSinkMetrics, type SinkMetrics } from './sink-metrics.ts'

export interface MetricsOptions {
  readonly version: string
  /** Where the log is, and what it promises: the labels of `cf_audit_log_info`. */
  readonly log?: { readonly on: string; readonly delivery: string }
  /**
   * Names as configured; the only values the labels `foundation` and `sink` ever have, but that the losses of a sink on
   * Kafka name the foundations that have a topic there.
   */
  readonly foundations: readonly string[]
  readonly sinks: readonly string[]
  /** Types with a series of their own; any other is counted as `other`. */
  readonly knownTypes: ReadonlySet<string>
  /** Durable state, read at every scrape: what counts events is never kept in memory. */
  readonly durable: Pick<EventLog, 'tallies' | 'positions' | 'deadLetterCounts'>
  /**
   * For a log on other machines: how long a scrape waits for it. After that, and when it cannot be read, the scrape shows
   * what was read last, and `cf_audit_log_up` is 0. Without it such a scrape fails.
   */
  readonly patienceMs?: number | null
  /** There is a schema registry whose ids are written. */
  readonly hasSchemaRegistry?: boolean
  readonly clock?: Clock
  readonly registry?: Registry
}

export interface Metrics {
  readonly registry: Registry
  /** Reads the durable state, then gives the scrape. Rejects when the state cannot be read, unless there is `patienceMs`. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>
  /** The setters of one configured foundation; throws for another name. */
  foundation(name: string): FoundationMetrics
  sink(name: string): SinkMetrics
  readonly schemaRegistry: SchemaRegistryMetrics | null
}

/**
 * All metrics of the process, in a registry of its own. Names and meanings: packages/runtime/README.md.
 *
 * No label ever holds what a user can choose: foundations and sinks come from the configuration or the topics on Kafka,
 * types from the catalogue.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const { clock = systemClock, registry = new Registry() } = options
  collectProcessMetrics(registry)
  new Gauge({
    name: 'cf_audit_build_info',
    help: 'Always 1; what is running.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: options.version, node: process.versions.node }, 1)
  if (options.log)
    new Gauge({
      name: 'cf_audit_log_info',
      help: 'Always 1; where the log is, and whether publishing to it is exactly-once or at-least-once.',
      labelNames: ['on', 'delivery'],
      registers: [registry],
    }).set(options.log, 1)

  const led = new Set<string>()
  const durable = new DurableMetrics({ ...options, led }, clock, registry)
  const foundations = createFoundationMetrics(options.foundations, led, clock, registry)
  const sinks = createSinkMetrics(options.sinks, registry)
  let inHand: Promise<string> | undefined
  const scrape = async () => {
    await durable.refresh()
    return registry.metrics()
  }
  return {
    registry,
    expose: async () => {
      // Scrapes that meet share one reading, so an older reading can never overwrite a newer one.
      inHand ??= scrape().finally(() => {
        inHand = undefined
      })
      return { contentType: registry.contentType, text: await inHand }
    },
    foundation: name => known(foundations, name, 'foundation'),
    schemaRegistry: options.hasSchemaRegistry ? createSchemaRegistryMetrics(registry) : null,
    sink: name => known(sinks, name, 'sink'),
  }
}

function known<T>(all: ReadonlyMap<string, T>, name: string, kind: string): T {
  const found = all.get(name)
  if (found === undefined) throw new Error(`there are no metrics for the ${kind} ${JSON.stringify(name)}`)
  return found
}
