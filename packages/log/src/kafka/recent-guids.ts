import type { LogEntry } from '../ports.ts'

const rememberedMax = 500_000

/** The newest guids of one foundation's topic: what a publish is compared with. The poller remembers hours itself. */
export class RecentGuids {
  readonly #guids = new Set<string>()
  /** Kept, for a new one would pass by every guid that was deleted before it comes to the first that is there. */
  readonly #fromOldest = this.#guids.values()

  /** The entries whose guid is not among them, each once. */
  unknown(entries: readonly LogEntry[]): readonly LogEntry[] {
    const batch = new Map<string, LogEntry>()
    for (const entry of entries)
      if (!this.#guids.has(entry.guid) && !batch.has(entry.guid)) batch.set(entry.guid, entry)
    return [...batch.values()]
  }

  add(entries: readonly LogEntry[]): void {
    for (const { guid } of entries) this.addGuid(guid)
  }

  addGuid(guid: string): void {
    this.#guids.add(guid)
    if (this.#guids.size <= rememberedMax) return
    const { value: oldest } = this.#fromOldest.next()
    if (oldest !== undefined) this.#guids.delete(oldest)
  }
}
