import type { Ends } from './checker.ts'
import type { LoggedEvent } from './read-ends.ts'

/** What a kind does to the ends by design; the checker must not take it for a fault of the drain. */
export class Allowances {
  /** Foundations whose log was taken away. */
  readonly ignored = new Set<string>()
  /** Records that nobody can read, written into the log by somebody else. */
  poisoned = 0
  /** Removed by retention before the sink had them. They were in the log once, as kcat saw. */
  removed: readonly LoggedEvent[] = []

  applied(ends: Ends): Ends {
    const counts = ({ foundation }: { readonly foundation: string }) => !this.ignored.has(foundation)
    const there = new Set(ends.logged.events.map(({ guid }) => guid))
    const removed = this.removed.filter(({ guid }) => !there.has(guid))
    return {
      ...ends,
      logged: { ...ends.logged, events: [...removed, ...ends.logged.events].filter(counts) },
      received: ends.received.filter(counts),
      foundations: ends.foundations.filter(name => !this.ignored.has(name)),
      poisoned: this.poisoned,
      removed: new Set(removed.map(({ guid }) => guid)),
    }
  }
}
