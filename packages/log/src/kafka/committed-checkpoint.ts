import type { Clock } from '@cf-audit-drain/pipeline'
import type { Admin } from 'kafkajs'
import { committedOffsets } from './committed-offsets.ts'
import type { StoredCheckpoint } from './foundation-state.ts'
import type { Names } from './names.ts'

/** The checkpoint as the brokers' group coordinator holds it; null when there is none, or somebody has reset it. */
export async function committedCheckpoint(
  admin: Pick<Admin, 'fetchOffsets'>,
  names: Names,
  foundation: string,
  clock: Clock,
): Promise<StoredCheckpoint | null> {
  const topics = [names.events(foundation)]
  const [group] = await committedOffsets(admin, names.checkpointGroup(foundation), topics, clock)
  const committed = group?.partitions[0]
  if (committed === undefined || Number(committed.offset) < 0 || !committed.metadata) return null
  return { seq: Number(committed.offset), checkpoint: committed.metadata }
}
