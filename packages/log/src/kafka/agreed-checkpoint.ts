import type { Checkpoint } from '../ports.ts'
import type { StoredCheckpoint } from './foundation-state.ts'
import { KafkaStateError } from './kafka-error.ts'

export interface FoundCheckpoints {
  /** The committed offset of the checkpoint group: the truth, resolved by the brokers. */
  readonly inGroup: StoredCheckpoint | null
  readonly mirror: StoredCheckpoint | null
  /** Whether the topic of events was ever written. */
  readonly hasRecords: boolean
  /** The number of the newest event, or more; where to go on counting when both are gone. */
  readonly newestSeq: number
}

/** Without a checkpoint the poller begins where the configuration says; the numbers go on all the same. */
export interface GoOn {
  readonly seq: number
  readonly checkpoint: Checkpoint | null
}

/**
 * Why nobody knows where to go on; null when there is something to go on from, or nothing was ever written. The numbers of
 * the events and of the checkpoint go together: a checkpoint that counts more than there are is of a topic that is no more.
 */
export function checkpointLost(
  foundation: string,
  { inGroup, mirror, hasRecords, newestSeq }: FoundCheckpoints,
): KafkaStateError | null {
  const counted = Math.max(inGroup?.seq ?? 0, mirror?.seq ?? 0)
  const nothingKnown = inGroup === null && mirror === null
  if (nothingKnown ? !hasRecords : newestSeq >= counted) return null
  const found = nothingKnown
    ? `there are events of ${foundation} and no checkpoint: neither its consumer group nor its mirror`
    : `the checkpoint of ${foundation} counts ${counted} events, and its topic ends at ${newestSeq}: the topic was deleted, or brokers lost what they had confirmed`
  return new KafkaStateError(
    `${found}. Nothing was read or written. Say once where to go on with --start-from (docs/runbook.md tells what may then come twice), or give this Kafka another log.kafka.prefix`,
  )
}

/**
 * Where to go on. Both are written in one transaction, so they agree unless something outside has changed one: the
 * group expires when nobody polls for `offsets.retention.minutes` (7 days), or somebody resets it. Of two that differ
 * the older is taken: that reads again, and loses nothing.
 *
 * @throws KafkaStateError of `checkpointLost`, unless the operator has said to `startAnew`
 */
export function agreedCheckpoint(
  foundation: string,
  found: FoundCheckpoints,
  warn: (sentence: string) => void,
  startAnew = false,
): GoOn | null {
  const { inGroup, mirror, newestSeq } = found
  const lost = checkpointLost(foundation, found)
  if (lost !== null) {
    if (!startAnew) throw lost
    warn(`the checkpoint of ${foundation} is lost: going on by --start-from, after event ${newestSeq}`)
    return { seq: newestSeq, checkpoint: null }
  }
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
      `the checkpoint group of ${foundation} is gone or was reset, as after a week without polling: going on from its mirror`,
    )
    return mirror
  }
  return null
}
