import type { LogRecord } from '../ports.ts'
import { asNumber, asText, type LogDatabase } from './log-database.ts'

/*
 * node:sqlite makes an ArrayBuffer of its own for every blob, and that costs more than all the rest of reading a row.
 * So the blobs of a hundred rows are asked for as one text of hexadecimal digits:
 *
 *   "17,18,19" | "412,380,977" | "C301…C301…C301…"      offsets, lengths, bytes
 */
const rowsAtOnce = 100
const bytesAtOnce = 4 * 1024 * 1024

const next = 'SELECT offset, record FROM events WHERE offset > ? ORDER BY offset LIMIT ?'
const measure = `SELECT sum(length(record)) FROM (${next})`
const packed = `SELECT group_concat(offset), group_concat(length(record)), group_concat(hex(record), '') FROM (${next})`

/** The records after `offset` whose payload is there, in order, at most `max`; some at a time, so not always all. */
export function packedRecords(database: LogDatabase, offset: number, max: number): readonly LogRecord[] {
  let rows = Math.min(max, rowsAtOnce)
  while (rows > 1 && asNumber(database.row(measure, offset, rows)?.[0] ?? 0) > bytesAtOnce)
    rows = Math.ceil(rows / 4)
  const [offsets, lengths, hex] = database.row(packed, offset, rows) ?? []
  if (offsets == null) return []
  const bytes = Buffer.from(asText(hex), 'hex')
  return unpacked(database, asText(offsets).split(','), asText(lengths).split(','), bytes)
}

function unpacked(
  database: LogDatabase,
  offsets: readonly string[],
  lengths: readonly string[],
  bytes: Buffer,
): LogRecord[] {
  let at = 0
  let last = 0
  return offsets.map((text, i) => {
    const offset = Number(text)
    // SQLite concatenates in the order of the inner query, but does not promise it.
    if (offset <= last) throw new Error(`rows came out of order: ${offset} after ${last}`)
    last = offset
    const end = at + Number(lengths[i])
    const record = new PackedRecord(database, offset, bytes.subarray(at, end))
    at = end
    return record
  })
}

/** Who the record is of is looked up only where it is needed: for a dead letter. */
class PackedRecord implements LogRecord {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly #database: LogDatabase

  constructor(database: LogDatabase, offset: number, bytes: Uint8Array) {
    this.#database = database
    this.offset = offset
    this.bytes = bytes
  }

  get foundation(): string {
    return this.#lookUp('foundation')
  }

  get guid(): string {
    return this.#lookUp('guid')
  }

  #lookUp(column: 'foundation' | 'guid'): string {
    const row = this.#database.read(() =>
      this.#database.row(`SELECT ${column} FROM events WHERE offset = ?`, this.offset),
    )
    return asText(row?.[0])
  }
}
