import type { StoredCheckpoint } from './foundation-state.ts'
import { KafkaStateError } from './kafka-error.ts'
import type { NewestSeq } from './newest-events.ts'

export interface FoundCheckpoints {
  /** The committed offset of the checkpoint group: the truth, resolved by the brokers. */
  readonly inGroup: StoredCheckpoint | null
  readonly mirror: StoredCheckpoint | null
  readonly newestSeq: NewestSeq
}

/**
 * Where to go on. Both are written in one transaction, so they agree unless something outside has changed one: the
 * group expires when nobody polls for `offsets.retention.minutes` (7 days), or somebody resets it. Of two that differ
 * the older is taken: that reads again, and loses nothing.
 *
 * @throws KafkaStateError when there are events and no checkpoint at all, or a checkpoint and not its events
 */
export function agreedCheckpoint(
  foundation: string,
  found: FoundCheckpoints,
  warn: (sentence: string) => void,
): StoredCheckpoint | null {
  const agreed = ofBoth(foundation, found, warn)
  if (agreed === null || found.newestSeq === 'unknown') return agreed
  const held = found.newestSeq === 'none' ? 0 : found.newestSeq
  if (held < agreed.seq)
    throw new KafkaStateError(
      `the checkpoint of ${foundation} counts ${agreed.seq} events, and its topic ends at ${held}: the topic was deleted, or brokers lost what they had confirmed. ` +
        'Say where to go on with --start-from',
    )
  // The events after an older checkpoint are recognised when they are read again.
  return { ...agreed, seq: held }
}

function ofBoth(
  foundation: string,
  { inGroup, mirror, newestSeq }: FoundCheckpoints,
  warn: (sentence: string) => void,
): StoredCheckpoint | null {
  if (inGroup !== null && mirror !== null) {
    if (inGroup.seq === mirror.seq && inGroup.checkpoint === mirror.checkpoint) return inGroup
    warn(
      `the checkpoint of ${foundation} (event ${inGroup.seq}) and its mirror (event ${mirror.seq}) differ: going on from the older one`,
    )
    const { checkpoint } = inGroup.seq <= mirror.seq ? inGroup : mirror
    return { seq: Math.max(inGroup.seq, mirror.seq), checkpoint }
  }
  if (inGroup !== null) {
    warn(`the mirror of the checkpoint of ${foundation} is gone: going on from the checkpoint itself`)
    return inGroup
  }
  if (mirror !== null) {
    warn(
      `the checkpoint group of ${foundation} is gone, as after a week without polling: going on from its mirror`,
    )
    return mirror
  }
  if (newestSeq === 'none') return null
  throw new KafkaStateError(
    `there are events of ${foundation} and no checkpoint: neither its consumer group nor its mirror. ` +
      'Say where to go on with --start-from, or give this Kafka another prefix',
  )
}
