import type { Message } from 'kafkajs'
import type { LogEntry, LogRecord } from '../ports.ts'
import type { KafkaRecord } from './partition-reader.ts'

/*
 * An event on its topic:
 *
 *   key        guid
 *   value      Avro single object
 *   timestamp  receivedAtMs, so that retention counts from when it came to us
 *   headers    type, provenance, created_at (seconds), seq (1, 2, 3 … of the foundation), schema (fingerprint)
 */

export function toMessage(entry: LogEntry, seq: number): Message {
  if (!Number.isSafeInteger(entry.receivedAtMs) || !Number.isSafeInteger(entry.createdAtSec))
    throw new TypeError(`event ${entry.guid} has no time: ${entry.receivedAtMs} ms, ${entry.createdAtSec} s`)
  const value = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength)
  return {
    key: entry.guid,
    value,
    partition: 0,
    timestamp: String(entry.receivedAtMs),
    headers: {
      type: entry.type,
      provenance: entry.provenance,
      created_at: String(entry.createdAtSec),
      seq: String(seq),
      ...(isSingleObject(value) ? { schema: value.toString('hex', 2, 10) } : {}),
    },
  }
}

/** Null for a record that is not an event of ours. */
export function toLogRecord(foundation: string, record: KafkaRecord): LogRecord | null {
  if (record.key === null || record.value === null) return null
  return { offset: Number(record.offset), foundation, guid: record.key.toString(), bytes: record.value }
}

export function createdAtSecOf(record: KafkaRecord): number | null {
  return wholeNumber(record.headers['created_at'])
}

export function seqOf(record: KafkaRecord): number | null {
  return wholeNumber(record.headers['seq'])
}

function wholeNumber(header: KafkaRecord['headers'][string]): number | null {
  const number = header === undefined ? Number.NaN : Number(header.toString())
  return Number.isSafeInteger(number) ? number : null
}

function isSingleObject(value: Buffer): boolean {
  return value.length >= 10 && value[0] === 0xc3 && value[1] === 0x01
}
