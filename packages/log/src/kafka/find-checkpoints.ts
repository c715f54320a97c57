import type { Clock } from '@cf-audit-drain/pipeline'
import type { FoundCheckpoints } from './agreed-checkpoint.ts'
import { committedCheckpoint } from './committed-checkpoint.ts'
import type { FoundationState } from './foundation-state.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { Names } from './names.ts'
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
