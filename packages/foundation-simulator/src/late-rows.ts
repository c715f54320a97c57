import type { Random } from '@cf-audit-drain/pipeline'
import { visibilityTrace } from './recordings.ts'
import type { SimulatedRow } from './simulated-row.ts'

/**
 * The recorded trace played again from `startMs`: each row stamped and becoming visible as it did then, in the order
 * of the stamps. `speed` 10 plays the three minutes in eighteen seconds; the delays shrink with it.
 */
export function tracedRows(startMs: number, speed = 1): SimulatedRow[] {
  const trace = visibilityTrace().toSorted((a, b) => a.createdAtUs - b.createdAtUs)
  const firstUs = trace[0]?.createdAtUs ?? 0
  return trace.map(({ guid, type, createdAtUs, visibleAtUs }) => ({
    guid,
    type,
    createdAtUs: Math.floor(startMs * 1000 + (createdAtUs - firstUs) / speed),
    visibleAtMs: startMs + (visibleAtUs - firstUs) / speed / 1000,
  }))
}

/** Gives each row with the given probability a time of becoming visible up to `maxMs` after its stamp. */
export function madeLate(
  rows: readonly SimulatedRow[],
  random: Random,
  { probability, maxMs }: { readonly probability: number; readonly maxMs: number },
): SimulatedRow[] {
  return rows.map(row =>
    random() < probability
      ? { ...row, visibleAtMs: (row.createdAtUs ?? 0) / 1000 + Math.exp(random() * Math.log(maxMs)) }
      : row,
  )
}
