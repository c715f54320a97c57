import { type Position, positionAt } from './waiting-records.ts'

/**
 * Of a topic that was being read: `ours` still; `ending`: the group is being shared out anew, and the brokers take commits for what was
 * ours until that begins; `undecided`: it is shared out, and whether somebody else had the topic meanwhile is not known yet; `gone`: it is
 * another's, or not read on from there.
 */
export type Holding = 'ours' | 'ending' | 'undecided' | 'gone'

/**
 * Where a sink stands in each topic it reads. While the group is being shared out anew nothing is ours for sure; what comes back, and
 * was nobody else's meanwhile, is read on as if nothing had been, and what is being delivered of it stays a delivery.
 */
export class HeldPositions {
  #ours = new Map<string, Position>()
  /** Ours until the group began to be shared out. */
  #undecided = new Map<string, Position>()
  #isEnding = true
  /** What is being delivered is of this topic. */
  #inHand: string | null = null

  get inHand(): string | null {
    return this.#inHand
  }

  /** In the order in which they are served. Replaced when the group is shared out. */
  get ours(): ReadonlyMap<string, Position> {
    return this.#ours
  }

  /** What to ask for again: dearest first, which is the one that is being delivered. */
  get wanted(): readonly string[] {
    const held = [...this.#ours.keys(), ...this.#undecided.keys()]
    return held.toSorted((a, b) => Number(b === this.#inHand) - Number(a === this.#inHand))
  }

  holding(topic: string, position: Position): Holding {
    if (this.#ours.get(topic) === position) return 'ours'
    if (this.#undecided.get(topic) !== position) return 'gone'
    return this.#isEnding ? 'ending' : 'undecided'
  }

  /** The group is shared out anew, or we are no member of it. */
  suspend(): void {
    for (const [topic, position] of this.#ours) this.#undecided.set(topic, position)
    this.#ours = new Map()
    this.#isEnding = true
  }

  /** All others are another's now. */
  keepOnly(topics: ReadonlySet<string>): void {
    this.suspend()
    this.#isEnding = false
    for (const topic of this.#undecided.keys()) if (!topics.has(topic)) this.#undecided.delete(topic)
  }

  /**
   * What the group has committed of each topic that is ours; -1: nothing. Where that is not what we know, somebody else has settled
   * something, or an operator has moved the place, or the answer to our own commit was lost.
   */
  resume(committed: ReadonlyMap<string, bigint>): void {
    const ours = new Map<string, Position>()
    for (const [topic, offset] of committed) {
      const before = this.#undecided.get(topic)
      if (offset >= 0n && before?.place === offset) ours.set(topic, before)
      else if (offset >= 0n) ours.set(topic, positionAt(offset))
    }
    this.#ours = ours
    this.#undecided = new Map()
  }

  /** Whatever was read of it is not ours any more. */
  readFrom(topic: string, offset: bigint): void {
    this.#ours.set(topic, positionAt(offset))
  }

  /** Something of it is being delivered: the next delivery is of the next one, if it has any. */
  handOut(topic: string, position: Position): void {
    this.#inHand = topic
    this.#ours.delete(topic)
    this.#ours.set(topic, position)
  }

  handedOver(): void {
    this.#inHand = null
  }

  clear(): void {
    this.#ours = new Map()
    this.#undecided = new Map()
  }
}
