import type { LedgerWindow } from '../ledger/ledger-window.ts'
import type { HeldEvent } from '../ports.ts'
import { createdAtSecOf, toLogRecord } from './event-record.ts'
import type { KafkaRecord, PartitionReader } from './partition-reader.ts'

/** The guids on a topic of events that are stamped within the window; those that the brokers have removed are left out. */
export async function* guidsOfWindow(
  reader: PartitionReader,
  topic: string,
  window: LedgerWindow,
): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number }> {
  for await (const { guid, createdAtSec } of recordsOfWindow(reader, topic, window))
    yield { guid, createdAtSec }
}

/** The same, with what is kept of them. */
export async function* eventsOfWindow(
  reader: PartitionReader,
  topic: string,
  window: LedgerWindow,
): AsyncGenerator<HeldEvent> {
  for await (const { guid, createdAtSec, record } of recordsOfWindow(reader, topic, window)) {
    const bytes = toLogRecord(topic, record)?.bytes ?? null
    yield { guid, createdAtSec, receivedAtMs: record.timestampMs, bytes }
  }
}

async function* recordsOfWindow(
  reader: PartitionReader,
  topic: string,
  { fromSec, toSec, firstOffset, lastOffset }: LedgerWindow,
): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number; readonly record: KafkaRecord }> {
  if (firstOffset === null || lastOffset === null) return
  const earliest = await reader.edge(topic, 'earliest')
  const end = await reader.edge(topic, 'all')
  const from = BigInt(firstOffset) > earliest ? BigInt(firstOffset) : earliest
  const to = BigInt(lastOffset) + 1n < end ? BigInt(lastOffset) + 1n : end
  for await (const record of reader.read(topic, from, to)) {
    const createdAtSec = createdAtSecOf(record)
    if (record.key === null || createdAtSec === null) continue
    if (createdAtSec >= fromSec && createdAtSec < toSec)
      yield { guid: record.key.toString(), createdAtSec, record }
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
