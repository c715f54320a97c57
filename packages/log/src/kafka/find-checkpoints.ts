import type { Clock } from '@cf-audit-drain/pipeline'
import { type FoundCheckpoints, whyLost } from './agreed-checkpoint.ts'
import { committedCheckpoint } from './committed-checkpoint.ts'
import type { FoundationState } from './foundation-state.ts'
import { KafkaClient } from './kafka-client.ts'
import { type KafkaOptions, kafkaDefaults } from './kafka-options.ts'
import { Names } from './names.ts'
import { newestEvents } from './newest-events.ts'
import type { Edge, KafkaRecord } from './partition-reader.ts'
import { readState } from './read-state.ts'
import type { RecentGuids } from './recent-guids.ts'

export interface FoundationOnKafka extends FoundCheckpoints {
  readonly state: FoundationState
  readonly recent: RecentGuids
  /** The records of events before this offset were read. */
  readonly readTo: bigint
}

/**
 * What the brokers hold of a foundation, and the guids of about `count` of its newest events. `edge`: `all` after fencing,
 * `committed` for a look beside a writer.
 */
export async function findCheckpoints(
  foundation: string,
  door: { readonly client: KafkaClient; readonly names: Names; readonly clock: Clock },
  edge: Edge,
  count = 1,
  each?: (record: KafkaRecord) => void,
): Promise<FoundationOnKafka> {
  const { client, names, clock } = door
  const reader = await client.reader()
  const state = await readState(reader, names.state(foundation), edge)
  const inGroup = await client.asAdmin(admin => committedCheckpoint(admin, names, foundation, clock))
  const newest = await newestEvents(reader, names.events(foundation), count, edge, each)
  return { state, inGroup, mirror: state.mirror, isBegun: state.isBegun, ...newest }
}

/** `none`: never written. `lost`: there are events and no checkpoint, or a checkpoint and not its events. */
export type CheckpointState = 'none' | 'sound' | 'lost'

export function checkpointState(found: FoundCheckpoints): CheckpointState {
  if (whyLost('', found) !== null) return 'lost'
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
    const there = new Set(await client.topicNames())
    const states = new Map<string, CheckpointState>()
    for (const foundation of foundations) {
      if (!there.has(names.state(foundation))) states.set(foundation, 'none')
      else if (there.has(names.events(foundation))) {
        const found = await findCheckpoints(foundation, { client, names, clock }, 'committed')
        states.set(foundation, checkpointState(found))
      } else {
        const { mirror } = await readState(await client.reader(), names.state(foundation), 'committed')
        states.set(foundation, mirror === null ? 'none' : 'lost')
      }
    }
    return states
  } finally {
    await client.close()
  }
}
