import { batchMaxBytes } from '../batch-rules.ts'
import type { LogRecord } from '../ports.ts'
import { toLogRecord } from './event-record.ts'
import { type KafkaRecord, type PartitionReader, TopicTooShortError } from './partition-reader.ts'

/** Of a foundation: what was fetched and waits to be delivered. */
export interface Position {
  /** Fetched and not handed out yet. */
  readonly waiting: LogRecord[]
  /** Of the records waiting. */
  waitingBytes: number
  /** Where the last fetch came to. */
  fetched: bigint
  /** What the group has committed; -1 where that is not in the topic. */
  place: bigint
  /**
   * Where its topic begins since it was made anew under it; null: it was not. What is left of the topic before has this offset from then
   * on: what is settled of it passes nothing of the new one.
   */
  anewFrom: bigint | null
}

export function positionAt(offset: bigint): Position {
  return { waiting: [], waitingBytes: 0, fetched: offset, place: offset, anewFrom: null }
}

/** One that holds nothing to deliver up to where the last fetch came to, which the group does not know; null: none does. */
export function passedOver(positions: ReadonlyMap<string, Position>): readonly [string, Position] | null {
  const passed = [...positions].find(
    ([, { waiting, fetched, place }]) => waiting.length === 0 && fetched > place,
  )
  return passed ?? null
}

/** What is delivered next has this offset, or a higher one. */
export function nextOffset({ waiting, fetched }: Position): bigint {
  return BigInt(waiting[0]?.offset ?? fetched)
}

/** Takes the next delivery out of it: so many records, or as many as are not too large together. */
export function taken(position: Position, max: number): LogRecord[] {
  let [count, bytes] = [0, 0]
  for (const record of position.waiting) {
    if (count === max || bytes >= batchMaxBytes) break
    count++
    bytes += record.bytes.length
  }
  position.waitingBytes -= bytes
  return position.waiting.splice(0, count)
}

/** It ends before where it was read to: it was made anew, and is read from `earliest` on. */
export function beginAnew(position: Position, earliest: bigint): void {
  const isMadeAnew = earliest < position.fetched
  Object.assign(position, { fetched: earliest, place: -1n })
  if (!isMadeAnew) return
  position.anewFrom = earliest
  position.waiting.splice(0, Infinity, ...position.waiting.map(record => ofThisTopic(position, record)))
}

function ofThisTopic({ anewFrom }: Position, record: LogRecord): LogRecord {
  return anewFrom === null ? record : { ...record, offset: Number(anewFrom) }
}

export function giveBack(position: Position, batch: readonly LogRecord[]): void {
  position.waiting.unshift(...batch.map(record => ofThisTopic(position, record)))
  for (const { bytes } of batch) position.waitingBytes += bytes.length
}

/** What a fetch has brought, but for what is no event. */
export function addTo(
  position: Position,
  foundation: string,
  records: readonly KafkaRecord[],
  nextOffset: bigint,
): void {
  for (const record of records) {
    const read = toLogRecord(foundation, record)
    if (read === null) continue
    position.waiting.push(read)
    position.waitingBytes += read.bytes.length
  }
  position.fetched = nextOffset
}

/**
 * The oldest record there is, where the place itself is no longer, or not, in the topic; null: it is. That a topic ends before the place
 * is believed after twenty seconds: a broker that was stopped answers for a moment as if it led still, and all would be delivered again.
 */
export async function earliestWhereGone(
  reader: Pick<PartitionReader, 'edge'>,
  topic: string,
  { fetched }: Position,
): Promise<bigint | null> {
  const earliest = await reader.edge(topic, 'earliest')
  if (fetched < earliest) return earliest
  try {
    await reader.edge(topic, 'all', fetched)
    return null
  } catch (error) {
    if (error instanceof TopicTooShortError) return earliest
    throw error
  }
}
