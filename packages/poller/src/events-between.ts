import { setImmediate } from 'node:timers/promises'
import { type AuditEvent, decodeAuditEvent, isOwnGuid } from '@cf-audit-drain/event'
import type { Range } from './range.ts'
import type { Recorder } from './recorder.ts'

/** Events decoded before others have their turn: about 10 ms. */
const restAfter = 200

/** What the log holds of Cloud Controller's events stamped in this range; null for one that was pruned. Others work meanwhile. */
export async function* eventsBetween(
  recorder: Pick<Recorder, 'ledger' | 'eventsOf'>,
  { fromSec, toSec }: Range,
): AsyncGenerator<AuditEvent | null> {
  let count = 0
  for (const tile of recorder.ledger.rangesOf({ fromSec, toSec })) {
    const window = recorder.ledger.windowOf(tile.fromSec)
    if (window === null) continue
    for await (const { guid, createdAtSec, bytes } of recorder.eventsOf(window)) {
      if (++count % restAfter === 0) await setImmediate()
      if (createdAtSec >= fromSec && createdAtSec < toSec && !isOwnGuid(guid))
        yield bytes === null ? null : decodeAuditEvent(bytes)
    }
  }
}
