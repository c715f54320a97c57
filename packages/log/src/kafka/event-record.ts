import { createHash } from 'node:crypto'
import type { Message } from 'kafkajs'
import type { StoredEvent } from '../migrate/stored-event.ts'
import type { LogEntry, LogRecord } from '../ports.ts'
import type { KafkaRecord } from './partition-reader.ts'
import { fromConfluent, type IdOf, isConfluent, singleObjectSchema, toConfluent } from './wire-format.ts'

/*
 * An event on its topic:
 *
 *   key        guid
 *   value      Avro single object; or, where the id of its schema is known, Confluent's wire format (schema-ids.ts)
 *   timestamp  receivedAtMs, so that retention counts from when it came to us
 *   headers    type, foundation, provenance, created_at (seconds), seq (1, 2, 3 … of the foundation), schema (fingerprint)
 *
 * Without a value it is an event that was delivered and pruned before its log was carried here: only its guid is
 * known, so that it is not taken a second time. Readers pass it by. What has no key, or neither value nor `seq`, was put
 * there by somebody else.
 */

/** `idOf`: the id of the schema of this fingerprint; null: the event stays a single object. */
export function toMessage(
  foundation: string,
  entry: LogEntry,
  seq: number,
  idOf: IdOf = () => null,
): Message {
  if (!Number.isSafeInteger(entry.receivedAtMs) || !Number.isSafeInteger(entry.createdAtSec))
    throw new TypeError(`event ${entry.guid} has no time: ${entry.receivedAtMs} ms, ${entry.createdAtSec} s`)
  const bytes = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength)
  const schema = singleObjectSchema(bytes)
  const id = schema === null ? null : idOf(schema)
  return {
    key: entry.guid,
    value: id === null ? bytes : toConfluent(bytes, id),
    partition: 0,
    timestamp: String(entry.receivedAtMs),
    headers: {
      type: entry.type,
      foundation,
      provenance: entry.provenance,
      created_at: String(entry.createdAtSec),
      seq: String(seq),
      ...(schema === null ? {} : { schema }),
    },
  }
}

/** The same of an event that may be remembered only. */
export function toStoredMessage(foundation: string, { bytes, ...event }: StoredEvent): Message {
  if (bytes !== null) return toMessage(foundation, { ...event, bytes }, event.seq)
  return { ...toMessage(foundation, { ...event, bytes: new Uint8Array() }, event.seq), value: null }
}

/**
 * Null for an event of which only the guid is remembered. What was put there by somebody else comes with its `fault`. The
 * bytes are a single object, whatever they are on the topic.
 */
export function toLogRecord(foundation: string, record: KafkaRecord): LogRecord | null {
  const { key, value } = record
  if (key === null) return foreign(foundation, record, 'no key, which is the guid of an event')
  if (value === null)
    return seqOf(record) === null ? foreign(foundation, record, 'neither a value nor a seq') : null
  const bytes = isConfluent(value) ? fromConfluent(value, record.header?.('schema') ?? null) : value
  return {
    offset: Number(record.offset),
    foundation,
    guid: key.toString(),
    bytes,
    /** Headers are read when somebody asks: nearly nobody does. */
    get schema() {
      return record.header?.('schema')?.toString() ?? null
    },
  }
}

function foreign(foundation: string, { topic, offset, key, value }: KafkaRecord, lacks: string): LogRecord {
  const bytes = value ?? Buffer.alloc(0)
  // What has no content is told apart by its place.
  const content = value ?? `${key ?? ''} at ${offset}`
  return {
    offset: Number(offset),
    foundation,
    guid: createHash('sha256').update(content).digest('hex'),
    bytes,
    fault: `the record at offset ${offset} of ${topic} has ${lacks}: this program has not written it; find out who writes there`,
  }
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
