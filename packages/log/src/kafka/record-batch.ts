import type { RawRecord } from './aborted-records.ts'

/*
 * A record batch (format 2, Kafka 0.11 on), big endian; a VARINT is zigzag, least significant seven bits first:
 *
 *    0 firstOffset INT64       21 attributes INT16        43 producerId INT64       61 records, as a whole compressed
 *    8 length INT32, from 12   23 lastOffsetDelta INT32   51 producerEpoch INT16
 *   12 leaderEpoch INT32       27 firstTimestamp INT64    53 firstSequence INT32
 *   16 magic INT8 = 2          35 maxTimestamp INT64      57 count INT32
 *   17 crc UINT32
 *
 *   record:  length VARINT | attributes INT8 | timestampDelta VARLONG | offsetDelta VARINT | key | value | headers
 *   key, value:  length VARINT, -1 for null | bytes        headers:  count VARINT | (name, value) …
 *
 * Source: org.apache.kafka.common.record.internal.DefaultRecordBatch and DefaultRecord.
 */

const headLength = 61
const isLogAppendTime = 0x08
const isTransactional = 0x10
const isControl = 0x20

/** What all records of a batch have in common. */
export interface BatchHead {
  /** Of the whole batch with this head. */
  readonly bytes: number
  readonly attributes: number
  readonly count: number
  readonly isControlBatch: boolean
  readonly context: RawRecord['batchContext']
  /** Of every record, where the broker stamped them; else null. */
  readonly appendedMs: number | null
  readonly firstTimestampMs: number
}

/** Null when the bytes end before the batch does, as those of the last batch of a fetch may. */
export function readBatchHead(bytes: Buffer): BatchHead | null {
  if (bytes.length < headLength) return null
  const length = bytes.readInt32BE(8)
  if (length < headLength - 12) throw new RangeError(`record batch: its length is ${length}`)
  if (bytes.length < 12 + length) return null
  const attributes = bytes.readInt16BE(21)
  return {
    bytes: 12 + length,
    attributes,
    count: bytes.readInt32BE(57),
    isControlBatch: (attributes & isControl) !== 0,
    context: {
      producerId: bytes.readBigInt64BE(43).toString(),
      inTransaction: (attributes & isTransactional) !== 0,
      firstOffset: bytes.readBigInt64BE(0).toString(),
      lastOffsetDelta: bytes.readInt32BE(23),
    },
    appendedMs: (attributes & isLogAppendTime) !== 0 ? Number(bytes.readBigInt64BE(35)) : null,
    firstTimestampMs: Number(bytes.readBigInt64BE(27)),
  }
}

/** The records of a batch, unpacked. Their keys and values are parts of `records`, not copies. */
export function readRecords(head: BatchHead, records: Buffer): RawRecord[] {
  const bytes = new Varints(records)
  const firstOffset = Number(head.context.firstOffset)
  const found: RawRecord[] = []
  for (let i = 0; i < head.count; i++) {
    const length = bytes.varint()
    const end = bytes.at + length
    if (length < 1 || end > records.length)
      throw new RangeError(`record batch at ${head.context.firstOffset}: record ${i} has ${length} bytes`)
    bytes.at++
    const timestampMs = head.firstTimestampMs + bytes.varint()
    const offset = firstOffset + bytes.varint()
    found.push(new BatchRecord(head, records, bytes.at, offset, head.appendedMs ?? timestampMs))
    bytes.skipField()
    bytes.skipField()
    bytes.at = end
  }
  return found
}

/** Thousands wait for their turn: nothing is made of one before somebody asks for it. */
class BatchRecord implements RawRecord {
  readonly #head: BatchHead
  readonly #bytes: Buffer
  /** Where the key begins in `bytes`. */
  readonly #at: number
  readonly #offset: number
  readonly #timestampMs: number

  constructor(head: BatchHead, bytes: Buffer, at: number, offset: number, timestampMs: number) {
    this.#head = head
    this.#bytes = bytes
    this.#at = at
    this.#offset = offset
    this.#timestampMs = timestampMs
  }

  get magicByte(): number {
    return 2
  }

  get isControlRecord(): boolean {
    return this.#head.isControlBatch
  }

  get batchContext(): RawRecord['batchContext'] {
    return this.#head.context
  }

  get offset(): string {
    return String(this.#offset)
  }

  get timestamp(): string {
    return String(this.#timestampMs)
  }

  get key(): Buffer | null {
    return new Varints(this.#bytes, this.#at).field()
  }

  get value(): Buffer | null {
    return this.#afterFields(1).field()
  }

  get headers(): RawRecord['headers'] {
    const headers: Record<string, Buffer | readonly Buffer[]> = {}
    const bytes = this.#afterFields(2)
    for (let left = bytes.varint(); left > 0; left--) {
      const name = bytes.field()?.toString() ?? ''
      const value = bytes.field()
      if (value === null) continue
      const before = headers[name]
      headers[name] = before === undefined ? value : [before, value].flat()
    }
    return headers
  }

  header(name: string): Buffer | null {
    const bytes = this.#afterFields(2)
    for (let left = bytes.varint(); left > 0; left--) {
      if (bytes.fieldIs(name)) return bytes.field()
      bytes.skipField()
    }
    return null
  }

  #afterFields(count: number): Varints {
    const bytes = new Varints(this.#bytes, this.#at)
    for (let left = count; left > 0; left--) bytes.skipField()
    return bytes
  }
}

class Varints {
  at: number
  readonly #bytes: Buffer

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  /** Also a VARLONG: exact to 2^53. */
  varint(): number {
    let byte = this.#next()
    let [value, weight] = [byte & 0x7f, 128]
    while (byte >= 128) {
      byte = this.#next()
      value += (byte & 0x7f) * weight
      weight *= 128
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  field(): Buffer | null {
    const length = this.skipField()
    return length < 0 ? null : this.#bytes.subarray(this.at - length, this.at)
  }

  /** Reads a field, and whether it is this ASCII text. */
  fieldIs(text: string): boolean {
    const length = this.skipField()
    if (length !== text.length) return false
    for (let i = 0; i < length; i++)
      if (this.#bytes[this.at - length + i] !== text.charCodeAt(i)) return false
    return true
  }

  /** Returns its length. */
  skipField(): number {
    const length = this.varint()
    this.at += Math.max(0, length)
    if (this.at > this.#bytes.length)
      throw new RangeError(`record batch: a field of ${length} bytes is cut off`)
    return length
  }

  #next(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new RangeError('record batch: it ends in the middle of a number')
    return byte
  }
}
