import { performance } from 'node:perf_hooks'
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

/** Longer than a process lives; the longest that a timer can be set to. */
const neverMs = 2 ** 31 - 1
const delays = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99']

/**
 * What prom-client tells of any process of Node, without what costs or misleads: its distribution of event loop delays
 * wakes the process a hundred times a second, half of what an idle one uses, and counts its own 10 ms as delay. How busy
 * the loop is costs nothing to ask.
 */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: neverMs })
  for (const delay of delays) registry.removeSingleMetric(`nodejs_eventloop_lag_${delay}_seconds`)
  // Gauges that are called totals.
  for (const misnamed of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${misnamed}_total`)
  let last = performance.eventLoopUtilization()
  new Gauge({
    name: 'nodejs_eventloop_utilization_ratio',
    help: 'Share of the time since the last scrape that the event loop was busy: 1 means that nothing more can be done.',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization()
      this.set(performance.eventLoopUtilization(now, last).utilization)
      last = now
    },
  })
}
