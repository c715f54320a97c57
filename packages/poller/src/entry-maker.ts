import {
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

/** Makes of a row what the log takes: an entry with the event parsed, scrubbed, named and encoded, or a dead letter. */
export class EntryMaker {
  readonly #deps: EntryMakerDeps

  constructor(deps: EntryMakerDeps) {
    this.#deps = deps
  }

  /** Of a row that Cloud Controller shows. `baselineSec`: what is stamped at or after it is live. */
  ofShown(row: RawEvent, baselineSec: number): LogEntry | DeadLetter {
    return isOwnGuid(rowKey(row)) ? this.#letter(row, notOurs) : this.of(row, baselineSec)
  }

  of(row: RawEvent, baselineSec: number): LogEntry | DeadLetter {
    const { foundation, scrubber, clock, naming, tasks } = this.#deps
    const receivedAtMs = clock.now()
    const createdAtSec = rawCreatedAtSec(row)
    const provenance = (createdAtSec ?? 0) >= baselineSec ? 'live' : 'backfill'
    try {
      const parsed = parseAuditEvent(row, { foundation, scrubber, provenance, receivedAtMs })
      const event = naming ? { ...parsed, names: naming.namesOf(row, parsed) } : parsed
      tasks?.met(event)
      return {
        guid: event.guid,
        type: event.type,
        createdAtSec: createdAtSec as number,
        receivedAtMs,
        provenance,
        bytes: encodeAuditEvent(event),
      }
    } catch (error) {
      return this.#letter(row, String((error as Error).message))
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
