import { setImmediate } from 'node:timers/promises'
import {
  type AuditEvent,
  encodeAuditEvent,
  isOwnGuid,
  parseAuditEvent,
  type RawEvent,
  rawCreatedAtSec,
  type Scrubber,
} from '@cf-audit-drain/event'
import type { DeadLetter, LogEntry } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { EventNaming } from './event-naming.ts'
import { rowKey } from './row-key.ts'
import type { TaskFollowing } from './task-following.ts'

export interface EntryMakerDeps {
  readonly foundation: string
  readonly scrubber: Scrubber
  readonly clock: Clock
  /** Left out: events go without names. */
  readonly naming?: Pick<EventNaming, 'namesOf'>
  /** Left out: tasks are not followed. */
  readonly tasks?: Pick<TaskFollowing, 'met'>
}

/** What was made of a row, and the event in it; null in a dead letter. */
export interface Made {
  readonly recorded: LogEntry | DeadLetter
  readonly event: AuditEvent | null
}

/** Rows made in one go; what else waits for the event loop comes in between. */
const restAfter = 250

/** Makes of a row what the log takes: an entry with the event parsed, scrubbed, named and encoded, or a dead letter. */
export class EntryMaker {
  readonly #deps: EntryMakerDeps

  constructor(deps: EntryMakerDeps) {
    this.#deps = deps
  }

  /** Of every row, for `ofShown`: while others are being published. Null for those that `isWanted` says are not. */
  async ahead(
    rows: readonly RawEvent[],
    baselineSec: number,
    isWanted: (row: RawEvent) => boolean,
  ): Promise<readonly (Made | null)[]> {
    const made: (Made | null)[] = []
    for (const row of rows) {
      if (made.length % restAfter === restAfter - 1) await setImmediate()
      made.push(isWanted(row) ? this.#make(row, baselineSec) : null)
    }
    return made
  }

  /**
   * Of a row that Cloud Controller shows, right before it is recorded. `baselineSec`: what is stamped at or after it is live.
   * `ahead`: what was made of it already.
   */
  ofShown(row: RawEvent, baselineSec: number, ahead: Made | null = null): LogEntry | DeadLetter {
    return isOwnGuid(rowKey(row)) ? this.#letter(row, notOurs) : this.of(row, baselineSec, ahead)
  }

  of(row: RawEvent, baselineSec: number, ahead: Made | null = null): LogEntry | DeadLetter {
    const { recorded, event } = ahead ?? this.#make(row, baselineSec)
    try {
      if (event !== null) this.#deps.tasks?.met(event)
      return recorded
    } catch (error) {
      return this.#letter(row, String((error as Error).message))
    }
  }

  #make(row: RawEvent, baselineSec: number): Made {
    const { foundation, scrubber, clock, naming } = this.#deps
    const receivedAtMs = clock.now()
    const createdAtSec = rawCreatedAtSec(row)
    const provenance = (createdAtSec ?? 0) >= baselineSec ? 'live' : 'backfill'
    try {
      const parsed = parseAuditEvent(row, { foundation, scrubber, provenance, receivedAtMs })
      const event = naming ? { ...parsed, names: naming.namesOf(row, parsed) } : parsed
      const recorded = {
        guid: event.guid,
        type: event.type,
        createdAtSec: createdAtSec as number,
        receivedAtMs,
        provenance,
        bytes: encodeAuditEvent(event),
      } as const
      return { recorded, event }
    } catch (error) {
      return { recorded: this.#letter(row, String((error as Error).message)), event: null }
    }
  }

  #letter(row: RawEvent, reason: string): DeadLetter {
    const { foundation, scrubber, clock } = this.#deps
    const raw = Buffer.from(scrubbedText(row, scrubber))
    return { foundation, origin: 'poller', key: rowKey(row), reason, raw, atMs: clock.now() }
  }
}

/** Cloud Controller makes no such guid. Taken as an event it would be left out of the ledger, and stand for one of ours. */
const notOurs =
  'Cloud Controller shows it with a guid of the form that only this program gives to its own events'

/** The whole row as it came, but for the secrets in its data. */
function scrubbedText(row: RawEvent, scrubber: Scrubber): string {
  const at = row.text.indexOf(row.dataText)
  if (at < 0) return row.text
  const { text } = scrubber.scrub('', row.dataText)
  return row.text.slice(0, at) + text + row.text.slice(at + row.dataText.length)
}
