import { createdAtSecOf } from './event-record.ts'
import type { PartitionReader } from './partition-reader.ts'

/** Every guid on a topic of events with `createdAtSec >= sinceSec`, oldest first. */
export async function guidsSince(
  reader: PartitionReader,
  topic: string,
  sinceSec: number,
): Promise<readonly { readonly guid: string; readonly createdAtSec: number }[]> {
  // Our clock and Cloud Controller's may differ, and an event may be stamped ahead of its coming.
  const from = await reader.offsetAt(topic, (sinceSec - 600) * 1000)
  if (from === null) return []
  const found: { guid: string; createdAtSec: number }[] = []
  for await (const record of reader.read(topic, from, await reader.edge(topic, 'all'))) {
    const createdAtSec = createdAtSecOf(record)
    if (record.key !== null && createdAtSec !== null && createdAtSec >= sinceSec)
      found.push({ guid: record.key.toString(), createdAtSec })
  }
  return found.toSorted((a, b) => a.createdAtSec - b.createdAtSec)
}
