import { createdAtSecOf } from './event-record.ts'
import type { PartitionReader } from './partition-reader.ts'

/** Every guid on a topic of events with `createdAtSec >= sinceSec`, oldest first; `knownEnd`: the topic goes so far at least. */
export async function guidsSince(
  reader: PartitionReader,
  topic: string,
  sinceSec: number,
  knownEnd = 0n,
): Promise<readonly { readonly guid: string; readonly createdAtSec: number }[]> {
  // First, so that a broker that knows less is not asked where to begin.
  const end = await reader.edge(topic, 'all', knownEnd)
  // Our clock and Cloud Controller's may differ, and an event may be stamped ahead of its coming.
  const from = await reader.offsetAt(topic, (sinceSec - 600) * 1000)
  if (from === null) return []
  const found: { guid: string; createdAtSec: number }[] = []
  for await (const record of reader.read(topic, from, end)) {
    const createdAtSec = createdAtSecOf(record)
    if (record.key !== null && createdAtSec !== null && createdAtSec >= sinceSec)
      found.push({ guid: record.key.toString(), createdAtSec })
  }
  return found.toSorted((a, b) => a.createdAtSec - b.createdAtSec)
}
