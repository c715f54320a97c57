import type { LedgerWindow } from '../ledger/ledger-window.ts'
import type { NameRecord, PlacedGuid } from '../ports.ts'
import { forgottenUpToMs } from './forgotten-up-to.ts'
import { eventsOfWindow, guidsOfWindows, placesSince } from './guids-of-window.ts'
import { guidsSince } from './guids-since.ts'
import type { KafkaClient } from './kafka-client.ts'
import { keptNames } from './kept-names.ts'
import { readLedger } from './ledger-table.ts'
import type { Names } from './names.ts'
import { TopicTooShortError } from './partition-reader.ts'
import type { PartitionTail } from './partition-tail.ts'

interface ReadsDoor {
  readonly client: KafkaClient
  readonly names: Names
}

/** How far the topics of a foundation go at least, as its writer knows. */
export interface WriterTails<T extends PartitionTail = PartitionTail> {
  readonly events: T
  readonly states: T
  readonly ledger: T
}

/** What a writer on Kafka reads of its foundation, however it publishes: never from a broker that knows less of it than he. */
export class WriterReads {
  readonly #of: string
  readonly #from: ReadsDoor
  readonly #tails: WriterTails
  /** The topic does not go as far as the ledger says. */
  #isCutShort = false

  constructor(foundation: string, door: ReadsDoor, tails: WriterTails) {
    this.#of = foundation
    this.#from = door
    this.#tails = tails
  }

  async *guids(sinceSec: number): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number }> {
    const { client, names } = this.#from
    yield* await guidsSince(await client.reader(), names.events(this.#of), sinceSec, this.#tails.events.end)
  }

  async *uncounted(): AsyncGenerator<PlacedGuid> {}

  async *names(): AsyncGenerator<NameRecord> {
    const { client, names } = this.#from
    yield* await keptNames(await client.reader(), names.state(this.#of), this.#tails.states.end)
  }

  async *guidsOf(windows: readonly LedgerWindow[]) {
    const { reader, topic, end } = await this.#eventsWith(windows)
    yield* guidsOfWindows(reader, topic, windows, end)
  }

  async *eventsOf(window: LedgerWindow) {
    const { reader, topic, end } = await this.#eventsWith([window])
    yield* eventsOfWindow(reader, topic, window, end)
  }

  async *places(sinceSec: number) {
    const { client, names } = this.#from
    yield* placesSince(await client.reader(), names.events(this.#of), sinceSec, this.#tails.events.end)
  }

  async forgottenUpToMs(): Promise<number | null> {
    const { client, names } = this.#from
    const topics = { events: names.events(this.#of), state: names.state(this.#of) }
    return forgottenUpToMs(await client.reader(), topics)
  }

  /**
   * Where the windows say that their events lie, the replicas have confirmed them. A broker that ends the topic before may only
   * have been away while this writer was opened: it is waited for once, before they are taken for gone with the topic.
   */
  async #eventsWith(windows: readonly LedgerWindow[]) {
    const { client, names } = this.#from
    const [reader, topic] = [await client.reader(), names.events(this.#of)]
    const known = this.#tails.events.end
    const told = BigInt(1 + Math.max(-1, ...windows.map(({ lastOffset }) => lastOffset ?? -1)))
    if (told <= known || this.#isCutShort) return { reader, topic, end: known }
    try {
      await reader.edge(topic, 'all', told)
      return { reader, topic, end: told }
    } catch (error) {
      if (!(error instanceof TopicTooShortError)) throw error
      this.#isCutShort = true
      return { reader, topic, end: this.#tails.events.end }
    }
  }

  async *ledger() {
    const { client, names } = this.#from
    yield* await readLedger(await client.reader(), names.ledger(this.#of), 'all', this.#tails.ledger.end)
  }
}
