import { Gauge, type Registry } from 'prom-client'

/** What was lost at its source, by kind of loss; of the time that has not expired. */
export interface SourceState {
  /** Held, not shown, and not told yet. */
  readonly suspected: number
  readonly told: Readonly<Record<string, { readonly events: number; readonly last: string | null }>>
  readonly returned: number
}

export interface SourceMetrics {
  source(state: SourceState): void
}

const kinds = ['event-missing', 'truncated', 'restored'] as const

/** One setter for each foundation; `show` makes the series that exist from the start, `hide` takes all away. */
export function sourceMetrics(
  registry: Registry,
): (foundation: string) => SourceMetrics & { show(): void; hide(): void } {
  const of = (name: string, help: string) => ({ name: `cf_audit_${name}`, help, registers: [registry] })
  const suspected = new Gauge({
    ...of(
      'source_suspected_events',
      'Events that we hold and Cloud Controller no longer shows, which are looked at once more before they are told.',
    ),
    labelNames: ['foundation'],
  })
  const returned = new Gauge({
    ...of(
      'source_returned_events',
      'Events that were told to be lost and that Cloud Controller shows again.',
    ),
    labelNames: ['foundation'],
  })
  const lost = new Gauge({
    ...of(
      'source_lost_events',
      'Events that were told to be lost in Cloud Controller, by kind: event-missing, truncated, restored.',
    ),
    labelNames: ['foundation', 'kind'],
  })
  const last = new Gauge({
    ...of('source_last_loss_timestamp_seconds', 'When a loss of this kind was last told; 0 when none was.'),
    labelNames: ['foundation', 'kind'],
  })
  return foundation => {
    const labels = { foundation }
    const set = (state: SourceState) => {
      suspected.set(labels, state.suspected)
      returned.set(labels, state.returned)
      for (const kind of kinds) {
        const { events = 0, last: at = null } = state.told[kind] ?? {}
        lost.set({ ...labels, kind }, events)
        last.set({ ...labels, kind }, at === null ? 0 : Date.parse(at) / 1000)
      }
    }
    return {
      show: () => set({ suspected: 0, told: {}, returned: 0 }),
      hide: () => {
        for (const one of [suspected, returned]) one.remove(labels)
        for (const kind of kinds) for (const one of [lost, last]) one.remove({ ...labels, kind })
      },
      source: set,
    }
  }
}
