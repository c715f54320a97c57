import type { Clock } from '@cf-audit-drain/pipeline'

/** Like the metadata: then the leader is asked again. */
const followedMs = 300_000
/** A replica that failed is not followed for a while, whatever its leader says. */
const avoidedMs = 30_000

/**
 * Which topics to fetch from a replica in our rack instead of from the leader. Leaders name it in their answers when the
 * brokers have a `replica.selector.class` (KIP-392). It lags behind the leader, so what it refuses is asked of the leader.
 */
export class NearbyReplicas {
  readonly #rack: string
  readonly #clock: Clock
  readonly #nodes = new Map<string, { readonly nodeId: string | null; readonly untilMs: number }>()

  constructor(rack: string, clock: Clock) {
    this.#rack = rack
    this.#clock = clock
  }

  /** The node to fetch the topic from; null for its leader. */
  nodeOf(topic: string): string | null {
    return this.#current(topic)?.nodeId ?? null
  }

  /**
   * What to call our place in a fetch of the topic; empty for none. A leader that hears it gives no records where it has
   * a replica to name, so whoever avoids that one keeps silent.
   */
  rackFor(topic: string): string {
    return this.#current(topic)?.nodeId === null ? '' : this.#rack
  }

  /** `nodeId` as a leader's answer has it: -1 for itself, and undefined from brokers that know nothing of it. */
  named(topic: string, nodeId: number | undefined): void {
    if (nodeId === undefined || nodeId < 0 || this.#current(topic) !== undefined) return
    this.#nodes.set(topic, { nodeId: String(nodeId), untilMs: this.#clock.monotonic() + followedMs })
  }

  /** Goes back to the leaders of these topics. False when all of them were fetched from there already. */
  avoid(topics: readonly string[]): boolean {
    const followed = topics.filter(topic => this.nodeOf(topic) !== null)
    const untilMs = this.#clock.monotonic() + avoidedMs
    for (const topic of followed) this.#nodes.set(topic, { nodeId: null, untilMs })
    return followed.length > 0
  }

  #current(topic: string) {
    const found = this.#nodes.get(topic)
    return found !== undefined && this.#clock.monotonic() < found.untilMs ? found : undefined
  }
}
