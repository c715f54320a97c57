import { Counter, Gauge, type Registry } from 'prom-client'

/** What reading states tells. `kind`, `result` and `type` are of closed sets; the poller's package has them. */
export interface StateMetrics {
  /** Readings of these kinds are to come, so often. */
  statesRead(kinds: readonly string[], everyMs: number): void
  /** A reading ended; `isWhole`: with everything of its kind. */
  stateReading(kind: string, result: string, isWhole: boolean, objects: number): void
  stateDifference(kind: string, isUnexplained: boolean): void
}

/** One set of setters for each foundation; `hide` takes all series away. */
export function stateMetrics(
  registry: Registry,
  nowMs: () => number,
): (foundation: string) => StateMetrics & { hide(): void } {
  const of = (name: string, help: string) => ({ name: `cf_audit_${name}`, help, registers: [registry] })
  const labelNames = ['foundation', 'kind'] as const
  const readings = new Counter({
    ...of('state_readings_total', 'Readings of what Cloud Controller is set to, by kind and how they ended.'),
    labelNames: ['foundation', 'kind', 'result'],
  })
  const lastRead = new Gauge({
    ...of(
      'state_last_read_timestamp_seconds',
      'When a kind was last read whole; the start of this process before the first time.',
    ),
    labelNames,
  })
  const interval = new Gauge({
    ...of('state_interval_seconds', 'How often a kind is to be read.'),
    labelNames,
  })
  const objects = new Gauge({ ...of('state_objects', 'What is known of a kind.'), labelNames })
  const differences = new Counter({
    ...of('state_differences_total', 'Differences told, by kind.'),
    labelNames,
  })
  const unexplained = new Counter({
    ...of('state_unexplained_total', 'Differences that an audit event should explain and none does.'),
    labelNames,
  })
  return foundation => {
    const kinds = new Set<string>()
    const results = new Set<string>()
    return {
      hide: () => {
        for (const kind of kinds) {
          for (const metric of [lastRead, interval, objects, differences, unexplained])
            metric.remove({ foundation, kind })
          for (const result of results) readings.remove({ foundation, kind, result })
        }
        kinds.clear()
      },
      statesRead: (read, everyMs) => {
        for (const kind of read) {
          if (kinds.has(kind)) continue
          kinds.add(kind)
          lastRead.set({ foundation, kind }, nowMs() / 1000)
          interval.set({ foundation, kind }, everyMs / 1000)
          for (const counter of [differences, unexplained]) counter.inc({ foundation, kind }, 0)
        }
      },
      stateReading: (kind, result, isWhole, count) => {
        if (!kinds.has(kind)) return
        results.add(result)
        readings.inc({ foundation, kind, result })
        objects.set({ foundation, kind }, count)
        if (isWhole) lastRead.set({ foundation, kind }, nowMs() / 1000)
      },
      stateDifference: (kind, isUnexplained) => {
        if (!kinds.has(kind)) return
        differences.inc({ foundation, kind })
        if (isUnexplained) unexplained.inc({ foundation, kind })
      },
    }
  }
}
