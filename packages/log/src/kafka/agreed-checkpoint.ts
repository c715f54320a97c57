import type { StoredCheckpoint } from './foundation-state.ts'
import { KafkaStateError } from './kafka-error.ts'

export interface FoundCheckpoints {
  /** The committed offset of the checkpoint group: the truth, resolved by the brokers. */
  readonly inGroup: StoredCheckpoint | null
  readonly mirror: StoredCheckpoint | null
  /** Whether the topic of events was ever written. */
  readonly hasRecords: boolean
  /** Without transactions: writing began, so that events may come before the first checkpoint. */
  readonly isBegun: boolean
}

/**
 * Where to go on. Both are written in one transaction, so they agree unless something outside has changed one: the
 * group expires when nobody polls for `offsets.retention.minutes` (7 days), or somebody resets it. Of two that differ
 * the older is taken: that reads again, and loses nothing.
 *
 * @throws KafkaStateError when there are events and no checkpoint at all
 */
export function agreedCheckpoint(
  foundation: string,
  { inGroup, mirror, hasRecords }: FoundCheckpoints,
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
  if (!hasRecords) return null
  throw new KafkaStateError(
    `there are events of ${foundation} and no checkpoint: neither its consumer group nor its mirror. ` +
      'Say where to go on with --start-from, or give this Kafka another prefix',
  )
}
