import { isOwnGuid } from '@cf-audit-drain/event'
import type { EventLog, HeldEvent, LedgerWindow } from '@cf-audit-drain/log'
import { lettersIn } from './held-letters.ts'
import type { Session } from './session.ts'

/** Of one look: the others are found at the next, once these were told. */
export const lettersMax = 10_000
/** Of the events that are dead letters because they were too large: of the others what they were is not told. */
const bytesMax = 64 * 1024 * 1024

/** A row of Cloud Controller that is held. */
export interface HeldRow extends HeldEvent {
  /** Only as a dead letter: it could not become an event, or the log cannot hold it as one. */
  readonly deadLetter?: { readonly reason: string; readonly type: string | null }
}

export interface HeldRowsDeps {
  readonly recorder: Pick<Session['recorder'], 'eventsOf' | 'ledger'>
  readonly foundation: string
  readonly log: Pick<EventLog, 'lettersOf'>
  /** Where windows begin of which all dead letters are asked for; of the others the oldest will do. */
  readonly due: ReadonlySet<number>
  /** It was told to be lost: that dead letter is not asked for. */
  readonly isTold: (guid: string) => boolean
  /** So many dead letters of due windows are left out. */
  readonly leftOut: (letters: number) => void
  /** Of the session. */
  readonly signal: AbortSignal
}

/** What is held of windows. To be made anew for each look: dead letters are read once. */
export class HeldRows {
  readonly #deps: HeldRowsDeps
  #letters: Promise<ReadonlyMap<number, readonly HeldRow[]>> | null = null

  constructor(deps: HeldRowsDeps) {
    this.#deps = deps
  }

  /** Oldest first. */
  async in(window: LedgerWindow): Promise<readonly HeldRow[]> {
    const events = await this.#eventsIn(window)
    // What the window counts beside its events are dead letters, unless the log has forgotten some.
    const letters = events.length < window.held ? await this.#lettersIn(window, events) : []
    return [...events, ...letters].sort((a, b) => a.createdAtSec - b.createdAtSec)
  }

  /** Each once: a log without transactions may hold one twice. */
  async #eventsIn(window: LedgerWindow): Promise<readonly HeldRow[]> {
    const events = new Map<string, HeldRow>()
    for await (const event of this.#deps.recorder.eventsOf(window))
      if (!isOwnGuid(event.guid) && !events.has(event.guid)) events.set(event.guid, event)
    return [...events.values()]
  }

  async #lettersIn(window: LedgerWindow, events: readonly HeldRow[]): Promise<readonly HeldRow[]> {
    this.#letters ??= this.#readLetters()
    const known = new Set(events.map(({ guid }) => guid))
    const letters = (await this.#letters).get(window.fromSec) ?? []
    return letters.filter(({ guid }) => !known.has(guid))
  }

  async #readLetters(): Promise<ReadonlyMap<number, readonly HeldRow[]>> {
    const { log, foundation, recorder, due, isTold, leftOut, signal } = this.#deps
    const byWindow = new Map<number, Map<string, HeldRow>>()
    let [kept, bytesKept, left] = [0, 0, 0]
    const letters = lettersIn(log, foundation, signal)
    for await (const { key, createdAtSec, atMs, bytes, reason, type } of letters) {
      if (isTold(key)) continue
      const { fromSec } = recorder.ledger.rangeOf(createdAtSec)
      const known = byWindow.getOrInsertComputed(fromSec, () => new Map())
      // One of a quiet window is enough to say that something is there.
      const [oldest] = known.values()
      if (known.has(key) || (!due.has(fromSec) && (oldest?.createdAtSec ?? Infinity) <= createdAtSec))
        continue
      if (!due.has(fromSec)) {
        bytesKept -= oldest?.bytes?.length ?? 0
        known.clear()
      } else if (kept++ >= lettersMax) {
        left++
        continue
      }
      const told = bytesKept + (bytes?.length ?? 0) > bytesMax ? null : bytes
      bytesKept += told?.length ?? 0
      const row = { guid: key, createdAtSec, receivedAtMs: atMs, bytes: told, deadLetter: { reason, type } }
      known.set(key, row)
    }
    if (left > 0) leftOut(left)
    return new Map([...byWindow].map(([fromSec, letters]) => [fromSec, [...letters.values()]]))
  }
}
