import { isOwnGuid } from '@cf-audit-drain/event'
import type { EventLog, HeldEvent, LedgerWindow } from '@cf-audit-drain/log'
import { lettersIn } from './held-letters.ts'
import type { Session } from './session.ts'

/** A row of Cloud Controller that is held. */
export interface HeldRow extends HeldEvent {
  /** Only as a dead letter: it could not become an event, or the log cannot hold it as one. */
  readonly deadLetter?: { readonly reason: string; readonly type: string | null }
}

/** What is held of windows. To be made anew for each look: dead letters are read once. */
export class HeldRows {
  readonly #recorder: Pick<Session['recorder'], 'eventsOf'>
  readonly #foundation: string
  readonly #log: Pick<EventLog, 'deadLetters'>
  #letters: Promise<readonly HeldRow[]> | null = null

  constructor(
    recorder: Pick<Session['recorder'], 'eventsOf'>,
    foundation: string,
    log: Pick<EventLog, 'deadLetters'>,
  ) {
    this.#recorder = recorder
    this.#foundation = foundation
    this.#log = log
  }

  /** Oldest first. */
  async in(window: LedgerWindow): Promise<readonly HeldRow[]> {
    const all = await Array.fromAsync(this.#recorder.eventsOf(window))
    const events: readonly HeldRow[] = all.filter(({ guid }) => !isOwnGuid(guid))
    // What the window counts beside its events are dead letters, unless the log has forgotten some.
    const letters = events.length < window.held ? await this.#lettersIn(window, events) : []
    return [...events, ...letters].sort((a, b) => a.createdAtSec - b.createdAtSec)
  }

  async #lettersIn(window: LedgerWindow, events: readonly HeldRow[]): Promise<readonly HeldRow[]> {
    this.#letters ??= this.#readLetters()
    const known = new Set(events.map(({ guid }) => guid))
    return (await this.#letters).filter(
      ({ guid, createdAtSec }) =>
        window.fromSec <= createdAtSec && createdAtSec < window.toSec && !known.has(guid),
    )
  }

  async #readLetters(): Promise<readonly HeldRow[]> {
    const letters = await lettersIn(this.#log, this.#foundation)
    return letters.map(({ key, createdAtSec, atMs, bytes, reason, type }) => {
      return { guid: key, createdAtSec, receivedAtMs: atMs, bytes, deadLetter: { reason, type } }
    })
  }
}
