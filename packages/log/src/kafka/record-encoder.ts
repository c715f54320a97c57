type Field = Buffer | string | null | undefined

/** What kafkajs makes of a `Message`. Deltas count from the first record of the batch. */
export interface RecordToEncode {
  readonly offsetDelta?: number
  /** Milliseconds. */
  readonly timestampDelta?: number
  readonly key?: Field
  readonly value?: Field
  readonly headers?: Readonly<Record<string, Field | readonly Field[]>>
}

/** A record of a batch, in the layout that `record-batch.ts` shows, in one buffer of its size. */
export function encodeRecord(record: RecordToEncode): Buffer {
  const { offsetDelta = 0, timestampDelta = 0, key, value, headers = {} } = record
  const named = namesAndFields(headers)
  const noAttributes = 1
  let length = noAttributes + varintLength(timestampDelta) + varintLength(offsetDelta)
  length += fieldLength(key) + fieldLength(value) + varintLength(named.length / 2)
  for (const field of named) length += fieldLength(field)

  const bytes = Buffer.allocUnsafe(varintLength(length) + length)
  let at = writeVarint(bytes, 0, length)
  bytes[at++] = 0
  at = writeVarint(bytes, at, timestampDelta)
  at = writeVarint(bytes, at, offsetDelta)
  at = writeField(bytes, at, key)
  at = writeField(bytes, at, value)
  at = writeVarint(bytes, at, named.length / 2)
  for (const field of named) at = writeField(bytes, at, field)
  return bytes
}

/** A name, its field, a name … in one list, for this is done for every record. */
function namesAndFields(headers: NonNullable<RecordToEncode['headers']>): readonly Field[] {
  const all: Field[] = []
  for (const name in headers) {
    const values = headers[name]
    if (Array.isArray(values)) for (const each of values) all.push(name, each)
    else all.push(name, values as Field)
  }
  return all
}

function byteLength(field: Field): number {
  return field === null || field === undefined ? -1 : Buffer.byteLength(field)
}

function fieldLength(field: Field): number {
  const length = byteLength(field)
  return varintLength(length) + Math.max(0, length)
}

function writeField(bytes: Buffer, at: number, field: Field): number {
  const start = writeVarint(bytes, at, byteLength(field))
  if (field === null || field === undefined) return start
  if (typeof field === 'string') return start + bytes.write(field, start)
  return start + field.copy(bytes, start)
}

/** Zigzag: 0, -1, 1, -2 … become 0, 1, 2, 3 …; exact to 2^52. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

function varintLength(value: number): number {
  let length = 1
  for (let left = zigzag(value); left >= 128; left = Math.floor(left / 128)) length++
  return length
}

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let left = zigzag(value)
  for (; left >= 128; left = Math.floor(left / 128)) bytes[at++] = (left % 128) | 128
  bytes[at++] = left
  return at
}
