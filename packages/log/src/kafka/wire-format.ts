/*
 * The two ways in which an event lies on its topic. Both hold the same Avro body, so one is made of the other without
 * reading it:
 *
 *   Avro single object   C3 01 | fingerprint of the schema, 8 bytes | body
 *   Confluent            00    | id of the schema, int32 big-endian  | body
 *
 * An id means something to one registry only. So every record says the fingerprint in its header `schema` too, and a reader
 * of ours needs no registry.
 */

/** The id of a schema, by its fingerprint; null: not known. */
export type IdOf = (fingerprint: string) => number | null

const singleObjectHead = 10
const confluentHead = 5
const fingerprintHexLength = 16

/** The fingerprint that stands in a single object; null for anything else. */
export function singleObjectSchema(bytes: Buffer): string | null {
  if (bytes.length < singleObjectHead || bytes[0] !== 0xc3 || bytes[1] !== 0x01) return null
  return bytes.toString('hex', 2, singleObjectHead)
}

export function toConfluent(singleObject: Buffer, id: number): Buffer {
  const bytes = Buffer.allocUnsafe(singleObject.length - singleObjectHead + confluentHead)
  bytes[0] = 0
  bytes.writeInt32BE(id, 1)
  singleObject.copy(bytes, confluentHead, singleObjectHead)
  return bytes
}

export function isConfluent(value: Buffer): boolean {
  return value.length >= confluentHead && value[0] === 0
}

/** The single object again, where the record's header tells its schema; otherwise the value as it is. */
export function fromConfluent(value: Buffer, schema: Buffer | null): Buffer {
  if (schema?.length !== fingerprintHexLength) return value
  const bytes = Buffer.allocUnsafe(value.length - confluentHead + singleObjectHead)
  for (let i = 0; i < fingerprintHexLength / 2; i++) {
    const byte = nibble(schema[2 * i]) * 16 + nibble(schema[2 * i + 1])
    // What is not hex is not ours.
    if (Number.isNaN(byte)) return value
    bytes[2 + i] = byte
  }
  bytes[0] = 0xc3
  bytes[1] = 0x01
  value.copy(bytes, singleObjectHead, confluentHead)
  return bytes
}

/** Of an ASCII digit of lower-case hex; NaN for anything else. */
function nibble(character = 0): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30
  return character >= 0x61 && character <= 0x66 ? character - 0x57 : Number.NaN
}
