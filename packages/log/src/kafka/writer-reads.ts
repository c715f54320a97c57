import type { LedgerWindow } from '../ledger/ledger-window.ts'
import type { NameRecord, PlacedGuid } from '../ports.ts'
import { forgottenUpToMs } from './forgotten-up-to.ts'
import { eventsOfWindow, guidsOfWindows, placesSince } from './guids-of-window.ts'
import { guidsSince } from './guids-since.ts'
import type { KafkaClient } from './kafka-client.ts'
import { keptNames } from './kept-names.ts'
import { readLedger } from './ledger-table.ts'
import type { Names } from './names.ts'

interface ReadsDoor {
  readonly client: KafkaClient
  readonly names: Names
}

/** What a writer on Kafka reads of its foundation, however it publishes. */
export class WriterReads {
  readonly #of: string
  readonly #from: ReadsDoor

  constructor(foundation: string, door: ReadsDoor) {
    this.#of = foundation
    this.#from = door
  }

  async *guids(sinceSec: number): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number }> {
    const { client, names } = this.#from
    yield* await guidsSince(await client.reader(), names.events(this.#of), sinceSec)
  }

  async *uncounted(): AsyncGenerator<PlacedGuid> {}

  async *names(): AsyncGenerator<NameRecord> {
    const { client, names } = this.#from
    yield* await keptNames(await client.reader(), names.state(this.#of))
  }

  async *guidsOf(windows: readonly LedgerWindow[]) {
    const { client, names } = this.#from
    yield* guidsOfWindows(await client.reader(), names.events(this.#of), windows)
  }

  async *eventsOf(window: LedgerWindow) {
    const { client, names } = this.#from
    yield* eventsOfWindow(await client.reader(), names.events(this.#of), window)
  }

  async *places(sinceSec: number) {
    const { client, names } = this.#from
    yield* placesSince(await client.reader(), names.events(this.#of), sinceSec)
  }

  async forgottenUpToMs(): Promise<number | null> {
    const { client, names } = this.#from
    const topics = { events: names.events(this.#of), state: names.state(this.#of) }
    return forgottenUpToMs(await client.reader(), topics)
  }

  async *ledger() {
    const { client, names } = this.#from
    yield* await readLedger(await client.reader(), names.ledger(this.#of), 'all')
  }
}
