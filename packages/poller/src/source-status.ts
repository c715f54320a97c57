import type { Range } from './range.ts'
import type { LossKind, ToldLosses } from './told-losses.ts'

/** What was told of a loss, for a log line. */
export interface SourceLoss extends Range {
  readonly kind: LossKind
  readonly count: number
  /** The lost one; null of many. */
  readonly guid: string | null
}

export interface SourceStatus {
  /** Rows that are held and not shown, and not told yet: looked at again before they are. */
  readonly suspected: number
  /** Events that were told to be lost, of the time that has not expired; and when that was last, ever. */
  readonly told: Readonly<Record<LossKind, { readonly events: number; readonly last: string | null }>>
  /** Of these, how many Cloud Controller shows again. */
  readonly returned: number
}

export function sourceStatus(losses: ToldLosses, suspected: number): SourceStatus {
  const of = (kind: LossKind) => {
    const lastMs = losses.lastMs(kind)
    return { events: 0, last: lastMs === null ? null : new Date(lastMs).toISOString() }
  }
  const told = {
    'event-missing': of('event-missing'),
    truncated: of('truncated'),
    restored: of('restored'),
  }
  let returned = 0
  for (const [, { back }] of losses.events()) {
    told['event-missing'].events++
    if (back) returned++
  }
  for (const { kind, count, back } of losses.ranges) {
    told[kind].events += count
    returned += back
  }
  return { suspected, told, returned }
}
