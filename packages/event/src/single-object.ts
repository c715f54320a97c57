import avsc from 'avsc'
import { avroBounds, type Bounds } from './avro-bounds.ts'
import { rabin } from './rabin.ts'

/** The bytes are no record of ours, or not whole. The same bytes will always fail: they belong in the dead letters. */
export class UndecodableEventError extends Error {
  override readonly name = 'UndecodableEventError'
}

/** Writes with the newest of its schemas and reads all of them. */
export interface SingleObjectCodec {
  /** Of the schema it writes with, in hex as it stands in the bytes. */
  readonly fingerprint: string
  encode(value: unknown): Uint8Array
  /** Whether the bytes begin as those that it writes. */
  wrote(bytes: Uint8Array): boolean
  /** The value in the shape of the newest schema. Throws UndecodableEventError. */
  decode(bytes: Uint8Array): unknown
  /** The fingerprint that stands in a single object whose schema is none of ours; null of anything else. */
  unknownSchema(bytes: Uint8Array): string | null
}

/*
 * Avro single-object encoding (specification 1.12, "Single-object encoding"):
 *
 *   +----+----+-------------------------------------+------------------------+
 *   | C3 | 01 | CRC-64-AVRO of the schema, 8 B (LE) | the record, Avro binary |
 *   +----+----+-------------------------------------+------------------------+
 */
const HEADER_BYTES = 10

/** One event of a megabyte must not cost a megabyte for ever. */
const SCRATCH_BYTES_MAX = 4 * 1024 * 1024

type Resolver = ReturnType<avsc.Type['createResolver']>

/** A published version of the schema, and how its bytes are read into the newest. */
interface Version {
  readonly type: avsc.Type
  readonly fingerprint: string
  readonly bounds: Bounds
  /** Made at the first use; none for the newest. */
  resolver?: Resolver
}

/** `schemas`: JSON texts of every version, oldest first; the last is the one written. Throws when there is none. */
export function singleObjectCodec(schemas: readonly string[]): SingleObjectCodec {
  const versions = schemas.map(parseVersion)
  const newest = versions.at(-1)
  if (newest === undefined) throw new Error('an Avro codec needs at least one schema')
  const { type } = newest
  const byFingerprint = new Map(versions.map(version => [version.fingerprint, version]))
  const header = Buffer.concat([Buffer.from([0xc3, 0x01]), Buffer.from(newest.fingerprint, 'hex')])
  let scratch = Buffer.allocUnsafeSlow(64 * 1024)

  return {
    fingerprint: newest.fingerprint,
    encode(value) {
      let end = type.encode(value, scratch, HEADER_BYTES)
      if (end >= 0) return copyOf(scratch, end, header)
      // A negative answer is the number of bytes that were missing.
      const roomier = Buffer.allocUnsafeSlow(scratch.length - end)
      end = type.encode(value, roomier, HEADER_BYTES)
      if (roomier.length <= SCRATCH_BYTES_MAX) scratch = roomier
      return copyOf(roomier, end, header)
    },
    wrote: bytes => beginsWith(bytes, header),
    decode(bytes) {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      if (buffer.length < HEADER_BYTES || buffer[0] !== 0xc3 || buffer[1] !== 0x01)
        throw new UndecodableEventError(
          `not an Avro single object: it does not begin with C3 01 and a fingerprint${orConfluent(buffer)}`,
        )
      if (beginsWith(bytes, header)) return decodeBody(buffer, newest, type, undefined)
      const fingerprint = buffer.toString('hex', 2, HEADER_BYTES)
      const version = byFingerprint.get(fingerprint)
      if (version === undefined)
        throw new UndecodableEventError(
          `unknown schema fingerprint ${fingerprint}: written by a newer version of this program, or not by it`,
        )
      version.resolver ??= type.createResolver(version.type)
      return decodeBody(buffer, version, type, version.resolver)
    },
    unknownSchema(bytes) {
      if (bytes.length < HEADER_BYTES || bytes[0] !== 0xc3 || bytes[1] !== 0x01) return null
      if (beginsWith(bytes, header)) return null
      const fingerprint = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES).toString('hex', 2)
      return byFingerprint.has(fingerprint) ? null : fingerprint
    },
  }
}

function beginsWith(bytes: Uint8Array, header: Uint8Array): boolean {
  for (let at = 0; at < HEADER_BYTES; at++) if (bytes[at] !== header[at]) return false
  return true
}

/** The log on Kafka turns such records back by their header, so this one has lost it, or is another program's. */
function orConfluent(buffer: Buffer): string {
  if (buffer.length < 5 || buffer[0] !== 0) return ''
  return `; it begins as Confluent's wire format does, with schema id ${buffer.readUInt32BE(1)}, and its record has no header schema that says which version that is`
}

function copyOf(scratch: Buffer, end: number, header: Buffer): Uint8Array {
  header.copy(scratch)
  return Buffer.from(scratch.subarray(0, end))
}

function decodeBody(
  buffer: Buffer,
  writer: Version,
  reader: avsc.Type,
  resolver: Resolver | undefined,
): unknown {
  const end = endOf(buffer, writer)
  if (end < buffer.length)
    throw new UndecodableEventError(`${buffer.length - end} bytes stand after the Avro record`)
  try {
    const { value } = reader.decode(buffer, HEADER_BYTES, resolver)
    return value
  } catch (error) {
    throw new UndecodableEventError('the Avro record is damaged', { cause: error })
  }
}

function endOf(buffer: Buffer, writer: Version): number {
  try {
    return writer.bounds(buffer, HEADER_BYTES)
  } catch (error) {
    const what = error instanceof RangeError ? error.message : String(error)
    throw new UndecodableEventError(
      `the Avro record of ${buffer.length} bytes is cut short or damaged: ${what}`,
    )
  }
}

function parseVersion(text: string): Version {
  const type = avsc.Type.forSchema(JSON.parse(text), { omitRecordMethods: true })
  const canonical = type.schema()
  // As the eight bytes stand in the header, little-endian.
  const fingerprint = Buffer.from(rabin(JSON.stringify(canonical))).toString('hex')
  return { type, fingerprint, bounds: avroBounds(canonical) }
}
