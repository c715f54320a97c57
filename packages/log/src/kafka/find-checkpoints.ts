import type { Clock } from '@cf-audit-drain/pipeline'
import type { FoundCheckpoints } from './agreed-checkpoint.ts'
import { committedCheckpoint } from './committed-checkpoint.ts'
import type { FoundationState } from './foundation-state.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { Names } from './names.ts'
import { newestEvents } from './newest-events.ts'
import type { KafkaRecord } from './partition-reader.ts'
import { readState } from './read-state.ts'
import type { RecentGuids } from './recent-guids.ts'

export interface FoundationOnKafka extends FoundCheckpoints {
  readonly state: FoundationState
  readonly recent: RecentGuids
  /** The records of events before this offset were read. */
  readonly readTo: bigint
}

/**
 * What the brokers hold of a foundation, and the guids of about `count` of its newest events. `state`: where it was read
 * since fencing. Then nobody writes any more, and the rest is asked for at the same time; else in this order, so that the events
 * are never older than the checkpoint.
 */
export async function findCheckpoints(
  foundation: string,
  door: { readonly client: KafkaClient; readonly names: Names; readonly clock: Clock },
  count: number,
  {
    each,
    state: known,
  }: { readonly each?: ((record: KafkaRecord) => void) | undefined; readonly state?: FoundationState | null },
): Promise<FoundationOnKafka> {
  const { client, names, clock } = door
  const reader = await client.reader()
  const committed = () => client.asAdmin(admin => committedCheckpoint(admin, names, foundation, clock))
  const newestOnes = () => newestEvents(reader, names.events(foundation), count, 'all', each)
  const state = known ?? (await readState(reader, names.state(foundation), 'all'))
  const [inCoordinator, newest] = known
    ? await Promise.all([committed(), newestOnes()])
    : [await committed(), await newestOnes()]
  return { ...checkpointsIn(state, inCoordinator), ...newest }
}

/** The checkpoint of the group beside what the state topic says of it. */
export function checkpointsIn(
  state: FoundationState,
  committed: Pick<FoundCheckpoints, 'inGroup' | 'isGroupSpoiled'>,
) {
  const { mirror, isBegun, isMirrorSpoiled } = state
  return { state, ...committed, mirror, isBegun, isMirrorSpoiled }
}
