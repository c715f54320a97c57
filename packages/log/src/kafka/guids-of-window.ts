import type { LedgerWindow } from '../ledger/ledger-window.ts'
import { createdAtSecOf } from './event-record.ts'
import type { PartitionReader } from './partition-reader.ts'

/** The guids on a topic of events that are stamped within the window; those that the brokers have removed are left out. */
export async function* guidsOfWindow(
  reader: PartitionReader,
  topic: string,
  { fromSec, toSec, firstOffset, lastOffset }: LedgerWindow,
): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number }> {
  if (firstOffset === null || lastOffset === null) return
  const earliest = await reader.edge(topic, 'earliest')
  const end = await reader.edge(topic, 'all')
  const from = BigInt(firstOffset) > earliest ? BigInt(firstOffset) : earliest
  const to = BigInt(lastOffset) + 1n < end ? BigInt(lastOffset) + 1n : end
  for await (const record of reader.read(topic, from, to)) {
    const createdAtSec = createdAtSecOf(record)
    if (record.key === null || createdAtSec === null) continue
    if (createdAtSec >= fromSec && createdAtSec < toSec) yield { guid: record.key.toString(), createdAtSec }
  }
}

/** Where each event on the topic that is stamped at or after `sinceSec` lies. */
export async function* placesSince(
  reader: PartitionReader,
  topic: string,
  sinceSec: number,
): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number; readonly offset: number }> {
  const [from, to] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, 'all')]
  for await (const record of reader.read(topic, from, to)) {
    const createdAtSec = createdAtSecOf(record)
    if (record.key !== null && createdAtSec !== null && createdAtSec >= sinceSec)
      yield { guid: record.key.toString(), createdAtSec, offset: Number(record.offset) }
  }
}
