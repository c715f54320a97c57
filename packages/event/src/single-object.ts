import avsc from 'avsc'
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
  /** The value in the shape of the newest schema. Throws UndecodableEventError. */
  decode(bytes: Uint8Array): unknown
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

/** `schemas`: JSON texts of every version, oldest first; the last is the one written. Throws when there is none. */
export function singleObjectCodec(schemas: readonly string[]): SingleObjectCodec {
  const types = schemas.map(parseSchema)
  const newest = types.at(-1)
  if (newest === undefined) throw new Error('an Avro codec needs at least one schema')
  const byFingerprint = new Map(types.map(type => [fingerprintOf(type), type]))
  const resolvers = new Map<string, Resolver | undefined>([[fingerprintOf(newest), undefined]])
  const header = Buffer.concat([Buffer.from([0xc3, 0x01]), Buffer.from(fingerprintOf(newest), 'hex')])
  const low = header.readUInt32LE(2)
  const high = header.readUInt32LE(6)
  let scratch = Buffer.allocUnsafeSlow(64 * 1024)

  const resolverOf = (fingerprint: string) => {
    if (resolvers.has(fingerprint)) return resolvers.get(fingerprint)
    const writer = byFingerprint.get(fingerprint)
    if (writer === undefined)
      throw new UndecodableEventError(
        `unknown schema fingerprint ${fingerprint}: written by a newer version of this program, or not by it`,
      )
    const resolver = newest.createResolver(writer)
    resolvers.set(fingerprint, resolver)
    return resolver
  }

  return {
    fingerprint: fingerprintOf(newest),
    encode(value) {
      let end = newest.encode(value, scratch, HEADER_BYTES)
      if (end >= 0) return copyOf(scratch, end, header)
      // A negative answer is the number of bytes that were missing.
      const roomier = Buffer.allocUnsafeSlow(scratch.length - end)
      end = newest.encode(value, roomier, HEADER_BYTES)
      if (roomier.length <= SCRATCH_BYTES_MAX) scratch = roomier
      return copyOf(roomier, end, header)
    },
    decode(bytes) {
      const buffer = Buffer.isBuffer(bytes)
        ? bytes
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      if (buffer.length < HEADER_BYTES || buffer[0] !== 0xc3 || buffer[1] !== 0x01)
        throw new UndecodableEventError('not an Avro single object: it does not begin with C3 01')
      const current = buffer.readUInt32LE(2) === low && buffer.readUInt32LE(6) === high
      const resolver = current ? undefined : resolverOf(buffer.toString('hex', 2, HEADER_BYTES))
      return decodeBody(newest, buffer, resolver)
    },
  }
}

function copyOf(scratch: Buffer, end: number, header: Buffer): Uint8Array {
  header.copy(scratch)
  return Buffer.from(scratch.subarray(0, end))
}

function decodeBody(type: avsc.Type, buffer: Buffer, resolver: Resolver | undefined): unknown {
  let decoded: { value: unknown; offset: number }
  try {
    decoded = type.decode(buffer, HEADER_BYTES, resolver)
  } catch (error) {
    throw new UndecodableEventError('the Avro record is damaged', { cause: error })
  }
  if (decoded.offset < 0)
    throw new UndecodableEventError(`the Avro record is cut short (${buffer.length} bytes)`)
  if (decoded.offset < buffer.length)
    throw new UndecodableEventError(`${buffer.length - decoded.offset} bytes stand after the Avro record`)
  return decoded.value
}

function parseSchema(text: string): avsc.Type {
  return avsc.Type.forSchema(JSON.parse(text), { omitRecordMethods: true })
}

/** Hex of the eight bytes as they stand in the header (little-endian). */
function fingerprintOf(type: avsc.Type): string {
  return Buffer.from(rabin(JSON.stringify(type.schema()))).toString('hex')
}
