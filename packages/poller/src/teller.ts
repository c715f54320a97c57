import { type OwnEvent, type RawEvent, rawOwnEvent } from '@cf-audit-drain/event'
import type { NameRecord } from '@cf-audit-drain/log'
import type { EntryMaker } from './entry-maker.ts'
import type { EventNaming } from './event-naming.ts'
import type { KeptRecords } from './kept-records.ts'
import type { Publisher } from './publisher.ts'

interface TellerDeps {
  readonly foundation: string
  readonly naming?: Pick<EventNaming, 'prepare'>
}

/** Publishes events of our own, and what is to be remembered of them. */
export class Teller {
  readonly #deps: TellerDeps
  readonly #publisher: Publisher
  readonly #maker: EntryMaker
  readonly #kept: KeptRecords

  constructor(deps: TellerDeps, publisher: Publisher, maker: EntryMaker, kept: KeptRecords) {
    this.#deps = deps
    this.#publisher = publisher
    this.#maker = maker
    this.#kept = kept
  }

  tell(events: readonly OwnEvent[], kept: readonly NameRecord[]): Promise<number> {
    const rows = events.map(event => rawOwnEvent(this.#deps.foundation, event))
    const named = this.#deps.naming?.prepare(rows)
    return this.#publisher.inTurn(async () => {
      await named
      return this.#tell(rows, kept)
    })
  }

  async #tell(rows: readonly RawEvent[], kept: readonly NameRecord[]): Promise<number> {
    if (rows.length === 0 && kept.length === 0) return 0
    const { baselineSec } = this.#publisher.checkpoint
    const made = rows.map(row => this.#maker.of(row, baselineSec))
    const own = made.filter(one => 'bytes' in one)
    const letters = made.flatMap(one => ('bytes' in one ? [] : [{ letter: one, createdAtSec: null }]))
    const published = await this.#publisher.publish({ letters, own, kept })
    this.#kept.apply(kept)
    return published
  }
}
