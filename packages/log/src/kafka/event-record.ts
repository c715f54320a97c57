import type { Message } from 'kafkajs'
import type { StoredEvent } from '../migrate/stored-event.ts'
import type { LogEntry, LogRecord } from '../ports.ts'
import type { KafkaRecord } from './partition-reader.ts'

/*
 * An event on its topic:
 *
 *   key        guid
 *   value      Avro single object
 *   timestamp  receivedAtMs, so that retention counts from when it came to us
 *   headers    type, provenance, created_at (seconds), seq (1, 2, 3 … of the foundation), schema (fingerprint)
 *
 * Without a value it is an event that was delivered and pruned before its log was carried here: only its guid is
 * known, so that it is not taken a second time. Readers pass it by.
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

/** The same of an event that may be remembered only. */
export function toStoredMessage({ bytes, ...event }: StoredEvent): Message {
  if (bytes !== null) return toMessage({ ...event, bytes }, event.seq)
  return { ...toMessage({ ...event, bytes: new Uint8Array() }, event.seq), value: null }
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

/** The fields in which the record differs from the event it should be a copy of. */
export function differences(record: KafkaRecord, event: StoredEvent): readonly string[] {
  const { bytes } = event
  const isSame = {
    guid: record.key?.toString() === event.guid,
    seq: seqOf(record) === event.seq,
    bytes: bytes === null || record.value === null ? bytes === record.value : record.value.equals(bytes),
    type: record.headers['type']?.toString() === event.type,
    provenance: record.headers['provenance']?.toString() === event.provenance,
    created_at: createdAtSecOf(record) === event.createdAtSec,
    timestamp: record.timestampMs === event.receivedAtMs,
  }
  return Object.entries(isSame).flatMap(([field, same]) => (same ? [] : [field]))
}

function wholeNumber(header: KafkaRecord['headers'][string]): number | null {
  const number = header === undefined ? Number.NaN : Number(header.toString())
  return Number.isSafeInteger(number) ? number : null
}

function isSingleObject(value: Buffer): boolean {
  return value.length >= 10 && value[0] === 0xc3 && value[1] === 0x01
}
