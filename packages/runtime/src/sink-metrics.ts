import { Counter, Gauge, type Registry } from 'prom-client'

/** What the worker of one sink tells. How much waits for it comes from the log, not from here. */
export interface SinkMetrics {
  /** The receiver confirmed this many records. */
  delivered(count: number, atMs: number): void
  /** A batch was not confirmed and is tried again. */
  retried(): void
  /** Records sent again, by this or another worker, though the receiver may have had them: each may be there twice. */
  resent(count: number): void
  connected(yes: boolean): void
  /** How many things keep events of the log from the sink now. */
  unread(reasons: number): void
  /** Shows the losses of these foundations from now on, before there are any. */
  reads(foundations: readonly string[]): void
  /** So many records were removed from the log before the sink had them, at most. */
  lost(foundation: string, records: number, atMs: number): void
}

export function createSinkMetrics(
  sinks: readonly string[],
  registry: Registry,
): ReadonlyMap<string, SinkMetrics> {
  const labelNames = ['sink'] as const
  const registers = [registry]
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `cf_audit_${name}`, help, labelNames, registers })
  const counter = (name: string, help: string) =>
    new Counter({ name: `cf_audit_${name}`, help, labelNames, registers })
  const losses = sinkLosses(registry)

  const delivered = counter('delivered_total', 'Records the receiver has confirmed, in this process.')
  const lastSuccess = gauge(
    'sink_last_success_timestamp_seconds',
    'When the receiver last confirmed something; 0 before the first time in this process.',
  )
  const retries = counter('retries_total', 'Batches that were not confirmed and were tried again.')
  const resent = counter(
    'resent_total',
    'Records sent again, by this or another worker, though the receiver may have had them: possible duplicates, each with its guid. Not those of a worker that was killed.',
  )
  const up = gauge(
    'sink_up',
    '1 while the receiver has confirmed what it was last sent and nothing keeps the sink from the log, else 0.',
  )
  const unread = gauge(
    'sink_unread',
    'What keeps events of the log from the sink: one for each foundation, or for all. The lag of what it may not see is in no other metric.',
  )

  return new Map(
    sinks.map(sink => {
      const labels = { sink }
      for (const metric of [delivered, retries, resent]) metric.inc(labels, 0)
      for (const metric of [lastSuccess, up, unread]) metric.set(labels, 0)
      const setters: SinkMetrics = {
        delivered: (count, atMs) => {
          delivered.inc(labels, count)
          lastSuccess.set(labels, atMs / 1000)
        },
        retried: () => retries.inc(labels),
        resent: count => resent.inc(labels, count),
        connected: yes => up.set(labels, yes ? 1 : 0),
        unread: reasons => unread.set(labels, reasons),
        reads: foundations => {
          for (const foundation of foundations) losses.show({ sink, foundation })
        },
        lost: (foundation, records, atMs) => losses.add({ sink, foundation }, records, atMs),
      }
      return [sink, setters]
    }),
  )
}

function sinkLosses(registry: Registry) {
  const labelNames = ['sink', 'foundation'] as const
  const registers = [registry]
  const lost = new Counter({
    name: 'cf_audit_sink_lost_total',
    help: 'Records that retention, or somebody, removed from the log before the sink had them, found by this process. An upper bound: offsets, of which some hold no event.',
    labelNames,
    registers,
  })
  const lastLoss = new Gauge({
    name: 'cf_audit_sink_last_loss_timestamp_seconds',
    help: 'When this process last found such a loss; 0 when it found none.',
    labelNames,
    registers,
  })
  const shown = new Set<string>()
  type Labels = { readonly sink: string; readonly foundation: string }
  const show = (labels: Labels) => {
    const key = JSON.stringify([labels.sink, labels.foundation])
    if (shown.has(key)) return
    shown.add(key)
    lost.inc(labels, 0)
    lastLoss.set(labels, 0)
  }
  return {
    show,
    add: (labels: Labels, records: number, atMs: number) => {
      show(labels)
      lost.inc(labels, records)
      lastLoss.set(labels, atMs / 1000)
    },
  }
}
