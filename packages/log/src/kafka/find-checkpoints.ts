import type { Clock } from '@cf-audit-drain/pipeline'
import { checkpointLost, type FoundCheckpoints } from './agreed-checkpoint.ts'
import { committedOffsets } from './committed-offsets.ts'
import { seqOf } from './event-record.ts'
import type { FoundationState } from './foundation-state.ts'
import { KafkaClient } from './kafka-client.ts'
import { type KafkaOptions, kafkaDefaults } from './kafka-options.ts'
import { Names } from './names.ts'
import type { Edge } from './partition-reader.ts'
import { readState } from './read-state.ts'

export interface FoundationOnKafka extends FoundCheckpoints {
  readonly state: FoundationState
  /** Of the topic of events. */
  readonly from: bigint
  readonly to: bigint
}

/** What the brokers hold of a foundation; `edge`: `all` after fencing, `committed` for a look beside a writer. */
export async function findCheckpoints(
  foundation: string,
  door: { readonly client: KafkaClient; readonly names: Names; readonly clock: Clock },
  edge: Edge,
): Promise<FoundationOnKafka> {
  const { client, names, clock } = door
  const topic = names.events(foundation)
  const reader = await client.reader()
  const state = await readState(reader, names.state(foundation), edge)
  const admin = await client.admin()
  const [group] = await committedOffsets(admin, names.checkpointGroup(foundation), [topic], clock)
  const committed = group?.partitions[0]
  const inGroup =
    committed === undefined || Number(committed.offset) < 0 || !committed.metadata
      ? null
      : { seq: Number(committed.offset), checkpoint: committed.metadata }
  const [from, to] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, edge)]
  const end = await reader.edge(topic, 'all')
  // Behind a transaction that stays open nobody sees the newest; an offset is never smaller than the number of its event.
  const isAllSeen = (await reader.edge(topic, 'committed')) >= end
  // What an aborted first publish left takes up offsets, too, and is no event.
  const last = to > 0n ? await reader.last(topic) : null
  const newestSeq = (isAllSeen && last !== null ? seqOf(last) : null) ?? Number(end)
  return { state, inGroup, mirror: state.mirror, hasRecords: from > 0n || last !== null, newestSeq, from, to }
}

/** `none`: never written. `lost`: there is something, and nothing says where to go on. */
export type CheckpointState = 'none' | 'sound' | 'lost'

function checkpointState(foundation: string, found: FoundCheckpoints): CheckpointState {
  if (checkpointLost(foundation, found) !== null) return 'lost'
  return found.inGroup === null && found.mirror === null ? 'none' : 'sound'
}

/** Of each foundation, looked up beside whoever writes. Changes nothing. */
export async function checkpointStates(
  options: KafkaOptions,
  foundations: readonly string[],
  clock: Clock,
): Promise<ReadonlyMap<string, CheckpointState>> {
  const client = new KafkaClient(options, clock)
  const names = new Names(options.prefix ?? kafkaDefaults.prefix)
  try {
    const there = new Set(await (await client.admin()).listTopics())
    const states = new Map<string, CheckpointState>()
    for (const foundation of foundations) {
      const isThere = there.has(names.events(foundation)) && there.has(names.state(foundation))
      if (!isThere) states.set(foundation, 'none')
      else {
        const found = await findCheckpoints(foundation, { client, names, clock }, 'committed')
        states.set(foundation, checkpointState(foundation, found))
      }
    }
    return states
  } finally {
    await client.close()
  }
}
