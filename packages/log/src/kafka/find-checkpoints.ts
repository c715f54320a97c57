import type { Clock } from '@cf-audit-drain/pipeline'
import type { FoundCheckpoints } from './agreed-checkpoint.ts'
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
  // What an aborted first publish left takes up offsets, too, and is no event.
  const last = to > 0n ? await reader.last(topic) : null
  // An offset is never smaller than the number of the event at it.
  const newestSeq = (last === null ? null : seqOf(last)) ?? Number(to)
  return { state, inGroup, mirror: state.mirror, hasRecords: from > 0n || last !== null, newestSeq, from, to }
}

/** `none`: never written. `lost`: there are events, and nothing says what the poller had. */
export type CheckpointState = 'none' | 'sound' | 'lost'

export function checkpointState({ inGroup, mirror, hasRecords }: FoundCheckpoints): CheckpointState {
  if (inGroup !== null || mirror !== null) return 'sound'
  return hasRecords ? 'lost' : 'none'
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
        states.set(foundation, checkpointState(found))
      }
    }
    return states
  } finally {
    await client.close()
  }
}
