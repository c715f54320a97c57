import { createScrubber, encodeAuditEvent, parseAuditEvent, splitEventPage } from '@cf-audit-drain/event'
import { recordedEvents } from '@cf-audit-drain/foundation-simulator'
import type { EventLog, LogEntry } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'

export const filledFoundation = 'filled'

/** The recorded mix, over and over under new guids, as a poller would have put it there. Closes the log. */
export async function fillLog(log: EventLog, count: number): Promise<void> {
  const writer = await log.writer(filledFoundation)
  const entriesFrom = recordedMix()
  for (let made = 0; made < count; ) {
    const entries = entriesFrom(made, count - made)
    await writer.publish(entries, '{}')
    made += entries.length
  }
  await writer.close()
  await log.close()
}

/** Makes entries number `first`, `first` + 1 … of an endless row: at most `max`, and no more than were recorded. */
export function recordedMix(): (first: number, max: number) => readonly LogEntry[] {
  const page = JSON.stringify({
    pagination: { total_results: 0 },
    resources: recordedEvents().map(({ text }) => JSON.parse(text ?? '')),
  })
  const context = {
    foundation: filledFoundation,
    scrubber: createScrubber({ key: Buffer.alloc(32, 1) }),
    provenance: 'backfill',
    receivedAtMs: systemClock.now(),
  } as const
  const events = splitEventPage(page).resources.map(raw => parseAuditEvent(raw, context))
  return (first, max) =>
    events.slice(0, max).map((event, i) => {
      const guid = `${(first + i).toString(16).padStart(8, '0')}${event.guid.slice(8)}`
      return {
        guid,
        type: event.type,
        createdAtSec: Date.parse(event.createdAt) / 1000,
        receivedAtMs: event.receivedAtMs,
        provenance: 'backfill',
        bytes: encodeAuditEvent({ ...event, guid }),
      }
    })
}
