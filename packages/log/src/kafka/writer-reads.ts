import type { LedgerWindow } from '../ledger/ledger-window.ts'
import type { NameRecord, PlacedGuid } from '../ports.ts'
import { forgottenUpToMs } from './forgotten-up-to.ts'
import { eventsOfWindow, guidsOfWindows, placesSince } from './guids-of-window.ts'
import { guidsSince } from './guids-since.ts'
import type { KafkaClient } from './kafka-client.ts'
import { keptNames } from './kept-names.ts'
import { readLedger } from './ledger-table.ts'
import type { Names } from './names.ts'
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
    const { client, names } = this.#from
    yield* guidsOfWindows(await client.reader(), names.events(this.#of), windows, this.#tails.events.end)
  }

  async *eventsOf(window: LedgerWindow) {
    const { client, names } = this.#from
    yield* eventsOfWindow(await client.reader(), names.events(this.#of), window, this.#tails.events.end)
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

  async *ledger() {
    const { client, names } = this.#from
    yield* await readLedger(await client.reader(), names.ledger(this.#of), 'all', this.#tails.ledger.end)
  }
}
