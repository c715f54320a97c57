import { retentionDefaultSec } from './clean-up.ts'
import type { OldestShown } from './oldest-shown.ts'

/** How long Cloud Controller keeps an event, for the deadline of what is not held. */
export interface SourceRetention {
  readonly sec: number
  /**
   * What says so: the operator; a clean-up, by what it took of what was held; the age of the oldest event, of which nobody has seen
   * yet that a clean-up leaves it; or nothing, as the history is younger than it is kept: then it is Cloud Controller's default.
   */
  readonly by: 'configuration' | 'clean-up' | 'oldest-event' | 'default'
}

const daySec = 86_400
/** The clean-up comes once a day: what is there for longer than this it has left. And the oldest is looked for once an hour. */
const stayedSec = daySec + 2 * 3_600
/** So shortly before its time an event is taken to be deleted then. */
const dueSec = 2 * 3_600

/** `seenSec`: what is known of it by the clean-up (`CleanUp.retentionSec`). */
export function sourceRetention({
  seenSec,
  oldest,
  configuredSec,
}: {
  readonly seenSec: number
  readonly oldest?: OldestShown | undefined
  readonly configuredSec: number | null
}): SourceRetention {
  const isSeen = seenSec < retentionDefaultSec
  if (configuredSec !== null && !(isSeen && seenSec < configuredSec))
    return { sec: configuredSec, by: 'configuration' }
  if (isSeen) return { sec: seenSec, by: 'clean-up' }
  if (oldest === undefined) return { sec: seenSec, by: 'default' }
  const ageSec = oldest.seenSec - oldest.sec
  const isYoung = ageSec < retentionDefaultSec && oldest.seenSec - oldest.sinceSec >= stayedSec
  if (isYoung) return { sec: seenSec, by: 'default' }
  const days = Math.max(1, Math.floor((ageSec + dueSec) / daySec))
  return { sec: Math.min(seenSec, days * daySec), by: 'oldest-event' }
}
