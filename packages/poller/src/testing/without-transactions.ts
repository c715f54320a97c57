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
  let known: Promise<readonly PlacedGuid[]> | null = null
  const placed = () => {
    known ??= Array.fromAsync(log.events({}), ({ guid, offset, bytes }) => {
      return { guid, offset, createdAtSec: Date.parse(decodeAuditEvent(bytes).createdAt) / 1000 }
    })
    return known
  }
  alterWriter(log, real => ({
    isAtomic: false,
    async *uncounted() {
      for (const event of await placed()) if (left.has(event.guid)) yield event
    },
    async *guidsOf(windows) {
      for (const event of await placed()) {
        const { createdAtSec, offset } = event
        const isIn = ({ fromSec, toSec, firstOffset, lastOffset }: LedgerWindow) => {
          const isPlaced = offset >= (firstOffset ?? Infinity) && offset <= (lastOffset ?? -1)
          return isPlaced && createdAtSec >= fromSec && createdAtSec < toSec
        }
        if (windows.some(isIn)) yield event
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
        return real.publish(entries, next, letters, beside).finally(() => {
          if (entries.length > 0) known = null
        })
      }
      kills++
      if (where === 'events') for (const { guid } of entries) left.add(guid)
      await real.publish(entries, covered ?? next, letters, where === 'ledger' ? (beside ?? {}) : {})
      known = null
      throw new Error(`killed after the ${where}`)
    },
  }))
  return { doubled, shorts, kills: () => kills }
}
