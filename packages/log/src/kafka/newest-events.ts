import { seqOf } from './event-record.ts'
import type { Edge, PartitionReader } from './partition-reader.ts'
import { RecentGuids } from './recent-guids.ts'

/**
 * The number of the newest event. `none`: the topic never held one. `unknown`: retention took them all, or what is
 * there is not ours.
 */
export type NewestSeq = number | 'none' | 'unknown'

const chunk = 2_000n
/** What is read back at most, payloads included: Kafka gives no keys without them. */
const bytesMax = 64 * 1024 * 1024

export interface NewestEvents {
  readonly recent: RecentGuids
  readonly newestSeq: NewestSeq
  /** Never smaller than the number of the newest event. */
  readonly endOffset: number
}

/** Reads the topic of events from its end back, until `count` guids or 64 MB are read. */
export async function newestEvents(
  reader: PartitionReader,
  topic: string,
  count: number,
  edge: Edge,
): Promise<NewestEvents> {
  const [from, to] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, edge)]
  const chunks: string[][] = []
  let [read, bytes, newest] = [0, 0, null as number | null]
  for (let end = to; end > from && read < count && bytes < bytesMax; end -= chunk) {
    const guids: string[] = []
    for await (const record of reader.read(topic, end - chunk > from ? end - chunk : from, end)) {
      newest = Math.max(newest ?? 0, seqOf(record) ?? 0)
      bytes += record.value?.length ?? 0
      if (record.key !== null) guids.push(record.key.toString())
    }
    read += guids.length
    chunks.push(guids)
  }
  const recent = new RecentGuids()
  for (const guid of chunks.toReversed().flat()) recent.addGuid(guid)
  // Behind a transaction that stays open nobody sees the newest.
  const end = await reader.edge(topic, 'all')
  const isEmpty = from === 0n && newest === null
  const newestSeq = to < end ? 'unknown' : isEmpty ? 'none' : newest || 'unknown'
  return { recent, newestSeq, endOffset: Number(end) }
}
