import { decodeAuditEvent } from '@cf-audit-drain/event'
import type { EventLog, LedgerWindow, LogEntry, PlacedGuid } from '@cf-audit-drain/log'
import { alterWriter } from './alter-writer.ts'

/** What a publish is killed after: its events, or its ledger. */
export type Killed = 'events' | 'ledger'

/**
 * From now on the log is one whose publishes are not all or nothing, as on a Kafka without transactions, and that finds the
 * guids of a window by its place alone. `kill` says of each publish whether it is killed, and where.
 */
export function withoutTransactions(
  log: EventLog,
  kill: (entries: readonly LogEntry[]) => Killed | null,
): { readonly doubled: string[]; readonly shorts: LedgerWindow[]; readonly kills: () => number } {
  const [left, handed, doubled] = [new Set<string>(), new Set<string>(), [] as string[]]
  const shorts: LedgerWindow[] = []
  let kills = 0
  let covered: string | null = null
  const placed = async function* (): AsyncGenerator<PlacedGuid> {
    for await (const { guid, offset, bytes } of log.events({}))
      yield { guid, offset, createdAtSec: Date.parse(decodeAuditEvent(bytes).createdAt) / 1000 }
  }
  alterWriter(log, real => ({
    isAtomic: false,
    async *uncounted() {
      for await (const event of placed()) if (left.has(event.guid)) yield event
    },
    async *guidsOf({ fromSec, toSec, firstOffset, lastOffset }) {
      for await (const event of placed()) {
        const { createdAtSec, offset } = event
        const isPlaced = offset >= (firstOffset ?? Infinity) && offset <= (lastOffset ?? -1)
        if (isPlaced && createdAtSec >= fromSec && createdAtSec < toSec) yield event
      }
    },
    publish: async (entries, next, letters, beside) => {
      for (const { guid } of entries) {
        if (handed.has(guid)) doubled.push(guid)
        handed.add(guid)
      }
      shorts.push(...(beside?.windows ?? []).filter(({ state }) => state === 'short'))
      covered ??= real.checkpoint
      const where = covered === null ? null : kill(entries)
      if (where === null) {
        covered = next
        left.clear()
        return real.publish(entries, next, letters, beside)
      }
      kills++
      if (where === 'events') for (const { guid } of entries) left.add(guid)
      await real.publish(entries, covered ?? next, letters, where === 'ledger' ? (beside ?? {}) : {})
      throw new Error(`killed after the ${where}`)
    },
  }))
  return { doubled, shorts, kills: () => kills }
}
