import { until } from '@cf-audit-drain/kafka-broker'
import type { Admin } from 'kafkajs'
import type { Names } from './names.ts'

/**
 * Deletes the checkpoint's group once it holds so many events. A commit is answered a moment before its offset is there: what is
 * deleted in between comes back.
 */
export async function loseGroup(admin: Admin, names: Names, foundation: string, seq: number): Promise<void> {
  const group = { groupId: names.checkpointGroup(foundation), topics: [names.events(foundation)] }
  const offset = async () => (await admin.fetchOffsets(group))[0]?.partitions[0]?.offset
  await until(`the group holds ${seq}`, async () => (await offset()) === String(seq), 20_000)
  await admin.deleteGroups([group.groupId])
}
