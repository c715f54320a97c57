import type { LedgerWindow } from '../ledger/ledger-window.ts'
import { indexOfWindow } from '../ledger/place-windows.ts'
import type { HeldEvent } from '../ports.ts'
import { createdAtSecOf, toLogRecord } from './event-record.ts'
import { bytesPerFetch, type KafkaRecord, type PartitionReader } from './partition-reader.ts'

type Reader = Pick<PartitionReader, 'edge' | 'read'>

/**
 * The guids on a topic of events that are stamped within the windows, each found where its window says they lie; those that the
 * brokers have removed are left out. What windows share of the topic is read once. `knownEnd`: the topic goes so far at least.
 */
export async function* guidsOfWindows(
  reader: Reader,
  topic: string,
  windows: readonly LedgerWindow[],
  knownEnd = 0n,
): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number }> {
  for await (const { guid, createdAtSec } of recordsOfWindows(reader, topic, windows, knownEnd))
    yield { guid, createdAtSec }
}

/** The same of one window, with what is kept of them. */
export async function* eventsOfWindow(
  reader: Reader,
  topic: string,
  window: LedgerWindow,
  knownEnd = 0n,
): AsyncGenerator<HeldEvent> {
  for await (const { guid, createdAtSec, record } of recordsOfWindows(reader, topic, [window], knownEnd)) {
    const bytes = toLogRecord(topic, record)?.bytes ?? null
    yield { guid, createdAtSec, receivedAtMs: record.timestampMs, bytes }
  }
}

async function* recordsOfWindows(
  reader: Reader,
  topic: string,
  windows: readonly LedgerWindow[],
  knownEnd: bigint,
): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number; readonly record: KafkaRecord }> {
  const places = placesOf(windows)
  if (places.length === 0) return
  const byTime = windows.toSorted((a, b) => a.fromSec - b.fromSec)
  const [earliest, end] = await Promise.all([
    reader.edge(topic, 'earliest'),
    reader.edge(topic, 'all', knownEnd),
  ])
  for (const { first, last } of places) {
    const from = BigInt(first) > earliest ? BigInt(first) : earliest
    const to = BigInt(last) + 1n < end ? BigInt(last) + 1n : end
    for await (const record of reader.read(topic, from, to, { maxBytes: bytesOf(last + 1 - first) })) {
      const createdAtSec = createdAtSecOf(record)
      if (record.key === null || createdAtSec === null) continue
      const window = byTime[indexOfWindow(byTime, createdAtSec)]
      if (window !== undefined && liesIn(window, Number(record.offset)))
        yield { guid: record.key.toString(), createdAtSec, record }
    }
  }
}

/** So that what lies behind them is not unpacked with them. At least a whole batch comes, and what is left is fetched again. */
function bytesOf(records: number): number {
  return Math.min(bytesPerFetch, Math.max(32 * 1024, records * packedBytesOfRecord))
}

function liesIn({ firstOffset, lastOffset }: LedgerWindow, offset: number): boolean {
  return firstOffset !== null && lastOffset !== null && firstOffset <= offset && offset <= lastOffset
}

/** About. */
const packedBytesOfRecord = 200

/** To read so many records that nobody asked for costs less than another request. */
const gapMax = 500

interface Places {
  readonly first: number
  readonly last: number
}

/** Where the windows lie, in the order of the topic and without overlap. */
function placesOf(windows: readonly LedgerWindow[]): readonly Places[] {
  const all = windows.flatMap(({ firstOffset, lastOffset }) =>
    firstOffset === null || lastOffset === null ? [] : [{ first: firstOffset, last: lastOffset }],
  )
  const joined: Places[] = []
  for (const one of all.sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1)
    if (before === undefined || one.first > before.last + gapMax) joined.push(one)
    else joined[joined.length - 1] = { first: before.first, last: Math.max(before.last, one.last) }
  }
  return joined
}

/** Where each event on the topic that is stamped at or after `sinceSec` lies; `knownEnd`: the topic goes so far at least. */
export async function* placesSince(
  reader: Reader,
  topic: string,
  sinceSec: number,
  knownEnd = 0n,
): AsyncGenerator<{ readonly guid: string; readonly createdAtSec: number; readonly offset: number }> {
  const [from, to] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, 'all', knownEnd)]
  for await (const record of reader.read(topic, from, to)) {
    const createdAtSec = createdAtSecOf(record)
    if (record.key !== null && createdAtSec !== null && createdAtSec >= sinceSec)
      yield { guid: record.key.toString(), createdAtSec, offset: Number(record.offset) }
  }
}
