import type { Clock } from '@cf-audit-drain/pipeline'
import { committedCheckpoint } from './committed-checkpoint.ts'
import { seqOf } from './event-record.ts'
import { FoundationState, type StoredCheckpoint } from './foundation-state.ts'
import type { KafkaClient } from './kafka-client.ts'
import { KafkaUnavailableError } from './kafka-error.ts'
import { isolationLevel } from './kafkajs-internals.ts'
import type { Names } from './names.ts'
import type { KafkaRecord, PartitionReader } from './partition-reader.ts'
import { readState } from './read-state.ts'

interface Door {
  readonly client: KafkaClient
  readonly names: Names
  readonly clock: Clock
  readonly warn: (sentence: string) => void
}

export interface HangingTransaction {
  readonly wasThere: boolean
  /** As the topic tells it, all of it decided: what was read to find that out. Null when there was one, for its end may have changed it. */
  readonly state: FoundationState | null
}

/** What a hanging transaction left in the topics that an earlier writer of the foundation did not finish. */
interface Undecided {
  readonly topics: readonly string[]
  /** Of the newest event among it; null when there is none. */
  readonly seq: number | null
  /** The newest mirror of the checkpoint among it. */
  readonly mirror: StoredCheckpoint | null
}

/**
 * Ends a transaction that nobody ends any more. A coordinator whose brokers were all killed at once writes no markers
 * where it finds no leader yet when it comes back, and forgets the transaction: from then on the last stable offset of
 * the topic stands still, whoever fences. To be called after fencing, when whatever could end by itself has ended; it
 * fences, too.
 *
 * The way out is a transaction without records over the same partitions: its markers end what hangs there. It commits
 * when the coordinator said so before it was fenced, or when the checkpoint of what hangs took effect; else it aborts,
 * and what hung is read again from Cloud Controller.
 *
 * @param wasCommitted what `KafkaClient.wasCommitted` said before fencing
 * @throws KafkaUnavailableError when it hangs still
 */
export async function endHangingTransaction(
  foundation: string,
  wasCommitted: boolean,
  door: Door,
): Promise<HangingTransaction> {
  const { client, names, clock, warn } = door
  const found = await undecided(foundation, door)
  const [{ inGroup: committed }, state] = await Promise.all([
    client.asAdmin(admin => committedCheckpoint(admin, names, foundation, clock)),
    readState(await client.reader(), names.state(foundation), 'committed'),
  ])
  const { mirror } = state
  // The topics are decided, and the group is not.
  const isBehind = wasCommitted && committed !== null && mirror !== null && mirror.seq > committed.seq
  if (found.topics.length === 0 && !isBehind) return { wasThere: false, state }
  const commits = wasCommitted || isCommitted(found, committed)
  const where = [...found.topics, ...(isBehind ? [names.checkpointGroup(foundation)] : [])].join(', ')
  warn(
    `a transaction of ${foundation} was left open in ${where}, as when all brokers are killed at once: it is ${commits ? 'committed, as it had been decided' : 'aborted, and what it held is read again'}`,
  )
  await client.endTransaction(
    names.transactionalId(foundation),
    [...new Set([names.state(foundation), ...found.topics])],
    names.checkpointGroup(foundation),
    commits,
  )
  const left = await undecided(foundation, door)
  // The topic of dead letters is shared: there it may be another foundation's.
  const ours = left.topics.filter(topic => topic !== names.deadLetters)
  if (ours.length > 0)
    throw new KafkaUnavailableError(`a transaction that nobody ends hangs in ${ours.join(', ')}`)
  return { wasThere: true, state: null }
}

/** Exported for its test. */
export function isCommitted(
  { seq, mirror }: Pick<Undecided, 'seq' | 'mirror'>,
  committed: StoredCheckpoint | null,
): boolean {
  if (committed === null) return false
  if (mirror !== null && mirror.checkpoint !== committed.checkpoint) return false
  return committed.seq >= (seq ?? 0)
}

async function undecided(foundation: string, { client, names }: Door): Promise<Undecided> {
  const reader = await client.reader()
  const events = await undecidedIn(reader, names.events(foundation))
  const state = await undecidedIn(reader, names.state(foundation))
  // That topic is shared: what is undecided in it alone is somebody else's.
  const letters = events === null && state === null ? null : await undecidedIn(reader, names.deadLetters)
  const mirrored = new FoundationState()
  for (const record of state ?? []) mirrored.apply(record)
  const seqs = (events ?? []).flatMap(record => seqOf(record) ?? [])
  return {
    topics: [
      ...(events === null ? [] : [names.events(foundation)]),
      ...(state === null ? [] : [names.state(foundation)]),
      ...(letters === null ? [] : [names.deadLetters]),
    ],
    seq: seqs.length === 0 ? null : Math.max(...seqs),
    mirror: mirrored.mirror,
  }
}

/** Records from the last stable offset on, when that stands; null when all is decided. */
async function undecidedIn(reader: PartitionReader, topic: string): Promise<readonly KafkaRecord[] | null> {
  const to = await reader.edge(topic, 'all')
  const stable = await reader.edge(topic, 'committed')
  if (stable >= to) return null
  return Array.fromAsync(reader.read(topic, stable, to, { level: isolationLevel.READ_UNCOMMITTED }))
}
