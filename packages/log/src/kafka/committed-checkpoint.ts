import type { Clock } from '@cf-audit-drain/pipeline'
import type { Admin } from 'kafkajs'
import { committedOffsets } from './committed-offsets.ts'
import type { StoredCheckpoint } from './foundation-state.ts'
import type { Names } from './names.ts'

interface CommittedCheckpoint {
  /** Null when there is none, or somebody has reset it. */
  readonly inGroup: StoredCheckpoint | null
  /** There is an offset without a checkpoint, as no poller writes it. */
  readonly isGroupSpoiled: boolean
}

/** The checkpoint as the brokers' group coordinator holds it. */
export async function committedCheckpoint(
  admin: Pick<Admin, 'fetchOffsets'>,
  names: Names,
  foundation: string,
  clock: Clock,
): Promise<CommittedCheckpoint> {
  const topics = [names.events(foundation)]
  const [group] = await committedOffsets(admin, names.checkpointGroup(foundation), topics, clock)
  const committed = group?.partitions[0]
  if (committed === undefined || Number(committed.offset) < 0) return { inGroup: null, isGroupSpoiled: false }
  if (!committed.metadata) return { inGroup: null, isGroupSpoiled: true }
  const inGroup = { seq: Number(committed.offset), checkpoint: committed.metadata }
  return { inGroup, isGroupSpoiled: false }
}
