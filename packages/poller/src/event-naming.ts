import type { AuditEvent, EventNames, RawEvent } from '@cf-audit-drain/event'
import type { NameRecord } from '@cf-audit-drain/log'
import type { Range } from './range.ts'

/**
 * Who knows how the things that events speak of were called. Best effort: nothing of it fails, and nobody waits longer than
 * was configured.
 */
export interface EventNaming {
  /** What the log has kept of names, when a writer was opened. */
  restore(kept: AsyncIterable<NameRecord>): Promise<void>
  /**
   * Time that is yet to be read: what tells of names in it is read first, and recorded, for it may be deleted before its
   * time is read. Ends within its own bound; throws what `record` throws.
   */
  readAhead(
    ranges: readonly Range[],
    signal: AbortSignal,
    record: (rows: readonly RawEvent[]) => Promise<unknown>,
  ): Promise<void>
  /** Learns from the rows and looks up what they speak of; resolves when all of it is known, or the wait is over. */
  prepare(rows: readonly RawEvent[]): Promise<void>
  /** After `prepare`, by what is known then. */
  namesOf(row: RawEvent, event: AuditEvent): EventNames
  /** What is to be published with the next events. */
  takeChanges(): readonly NameRecord[]
}
