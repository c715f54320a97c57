import type { Batch } from '@cf-audit-drain/pipeline'
import { batchMaxBytes } from '../batch-rules.ts'
import type { LogRecord } from '../ports.ts'

/** Of a foundation: what was fetched and waits to be delivered. */
export interface Position {
  /** Fetched and not handed out yet. */
  readonly waiting: LogRecord[]
  /** Of the records waiting. */
  waitingBytes: number
  /** Where the last fetch came to. */
  fetched: bigint
}

export function positionAt(offset: bigint): Position {
  return { waiting: [], waitingBytes: 0, fetched: offset }
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

export function giveBack(position: Position, batch: Batch<LogRecord>): void {
  position.waiting.unshift(...batch)
  for (const { bytes } of batch) position.waitingBytes += bytes.length
}
