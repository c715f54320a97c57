import type { Checkpoint } from '../ports.ts'
import type { StoredCheckpoint } from './foundation-state.ts'
import { KafkaStateError } from './kafka-error.ts'
import type { NewestEvents } from './newest-events.ts'

export interface FoundCheckpoints extends Pick<NewestEvents, 'newestSeq' | 'endOffset'> {
  /** The committed offset of the checkpoint group: the truth, resolved by the brokers. */
  readonly inGroup: StoredCheckpoint | null
  /** Somebody else has committed to the group: an offset without a checkpoint. */
  readonly isGroupSpoiled?: boolean
  readonly mirror: StoredCheckpoint | null
  /** Without transactions: writing began, so that events may come before the first checkpoint. */
  readonly isBegun: boolean
  /** Somebody else has written the newest record of the mirror. */
  readonly isMirrorSpoiled?: boolean
}

/** Without a checkpoint the poller begins where the configuration says; the numbers go on all the same. */
export interface GoOn {
  readonly seq: number
  readonly checkpoint: Checkpoint | null
}

/**
 * Where to go on. Both are written in one transaction, so they agree unless something outside has changed one: the
 * group expires when nobody polls for `offsets.retention.minutes` (7 days), or somebody resets it. Of two that differ
 * the older is taken: that reads again, and loses nothing; its events are recognised when they are read again.
 *
 * @throws KafkaStateError when the checkpoint is lost, unless the operator has said to `startAnew`
 */
export function agreedCheckpoint(
  foundation: string,
  found: FoundCheckpoints,
  warn: (sentence: string) => void,
  startAnew = false,
): GoOn | null {
  const { inGroup, mirror, newestSeq } = found
  if (found.isMirrorSpoiled) warn(spoiledMirror(foundation))
  const lost = whyLost(foundation, found)
  if (lost === null) {
    const checkpoint = olderOf(foundation, found, warn)
    if (checkpoint === null) return newestSeq === 'none' ? null : { seq: seqOf(found), checkpoint }
    const counted = Math.max(inGroup?.seq ?? 0, mirror?.seq ?? 0)
    return { seq: typeof newestSeq === 'number' ? newestSeq : counted, checkpoint }
  }
  if (!startAnew)
    throw new KafkaStateError(
      `${lost}. Nothing was read or written. Say once where to go on with --start-from (docs/runbook.md tells what may then come twice), or give this Kafka another log.kafka.prefix`,
    )
  const seq = seqOf(found)
  warn(`${lost}: going on by --start-from, after event ${seq}`)
  return { seq, checkpoint: null }
}

export function spoiledMirror(foundation: string): string {
  return `the newest record of the mirror of the checkpoint of ${foundation} cannot be read, or was emptied: somebody else wrote it; it is left out, and the next publish writes the mirror anew`
}

/** There are events and no checkpoint, or a checkpoint and not its events. In words; null when neither. */
export function whyLost(
  foundation: string,
  { inGroup, mirror, newestSeq, isBegun }: FoundCheckpoints,
): string | null {
  const there = [inGroup, mirror].filter(one => one !== null)
  if (there.length === 0)
    return newestSeq === 'none' || isBegun
      ? null
      : `there are events of ${foundation} and no checkpoint: neither its consumer group nor its mirror`
  const counted = Math.min(...there.map(({ seq }) => seq))
  const held = newestSeq === 'none' ? 0 : newestSeq
  if (held === 'unknown' || held >= counted) return null
  return `the checkpoint of ${foundation} counts ${counted} events, and its topic ends at event ${held}: the topic was deleted, or brokers lost what they had confirmed`
}

/** The number to go on after where no checkpoint says it. */
function seqOf({ newestSeq, endOffset }: FoundCheckpoints): number {
  if (newestSeq === 'none') return 0
  return newestSeq === 'unknown' ? endOffset : newestSeq
}

export function spoiledGroup(foundation: string): string {
  return `the checkpoint group of ${foundation} holds an offset and no checkpoint: somebody else has written it, as kafka-consumer-groups --reset-offsets does: going on from its mirror`
}

function olderOf(
  foundation: string,
  { inGroup, mirror, isGroupSpoiled }: FoundCheckpoints,
  warn: (sentence: string) => void,
): Checkpoint | null {
  if (inGroup !== null && mirror !== null) {
    if (inGroup.seq === mirror.seq && inGroup.checkpoint === mirror.checkpoint) return inGroup.checkpoint
    const isOlder = inGroup.seq <= mirror.seq
    warn(
      inGroup.seq === mirror.seq
        ? `the checkpoint of ${foundation} and its mirror differ: they are both of event ${inGroup.seq} and hold something else: going on from the checkpoint`
        : `the checkpoint of ${foundation} (event ${inGroup.seq}) and its mirror (event ${mirror.seq}) differ: going on from the older one, ${isOlder ? 'the checkpoint' : 'the mirror'}`,
    )
    return (isOlder ? inGroup : mirror).checkpoint
  }
  if (inGroup !== null)
    warn(`the mirror of the checkpoint of ${foundation} is gone: going on from the checkpoint itself`)
  if (mirror !== null)
    warn(
      isGroupSpoiled
        ? spoiledGroup(foundation)
        : `the checkpoint group of ${foundation} is gone, as after a week without polling: going on from its mirror`,
    )
  return (inGroup ?? mirror)?.checkpoint ?? null
}
