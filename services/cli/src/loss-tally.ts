import type { LostSpan } from '@cf-audit-drain/log'

/** What a sink lost of one foundation. */
export interface SinkLoss {
  readonly foundation: string
  /** At most: offsets, of which some hold no event. */
  readonly records: number
  readonly since: string
  /** The last span of offsets, and when it last grew; `to` is the first that was left. */
  readonly from: number
  readonly to: number
  readonly last: string
}

/**
 * The losses of a sink by foundation. What is told again, or grows at either end, counts once. The oldest offset of a topic
 * never goes back: where it has, the topic is another one, and its losses are, too.
 */
export class LossTally {
  readonly #losses = new Map<string, SinkLoss>()

  /** How many were not counted yet. */
  add({ foundation, from, to }: LostSpan, atMs: number): number {
    const known = this.#losses.get(foundation)
    const goesOn = known !== undefined && from <= known.to && to >= known.to
    const records = goesOn ? Math.max(0, known.from - from) + to - known.to : to - from
    if (records === 0) return 0
    const at = new Date(atMs).toISOString()
    this.#losses.set(foundation, {
      foundation,
      records: (known?.records ?? 0) + records,
      since: known?.since ?? at,
      from: goesOn ? Math.min(known.from, from) : from,
      to,
      last: at,
    })
    return records
  }

  get all(): readonly SinkLoss[] {
    return [...this.#losses.values()]
  }
}
