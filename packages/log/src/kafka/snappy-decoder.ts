import { PackedBytes } from './packed-bytes.ts'
import { UnpackedBytes } from './unpacked-bytes.ts'

/*
 * Java clients frame snappy as the xerial library does; all others write one bare block (google/snappy,
 * format_description.txt).
 *
 *   xerial := 82 53 4E 41 50 50 59 00 | version INT32 BE | least version INT32 BE | chunk*
 *   chunk  := length INT32 BE | block
 *
 *   block   := unpacked length, varint (7 bits a byte, low ones first, at most 5 bytes) | element*
 *   element := tag | what the two low bits of the tag say:
 *
 *     00 literal   high 6 bits: length - 1 when below 60; else 60..63: it follows in 1..4 bytes LE
 *                  then the bytes
 *     01 copy      bits 2-4: length - 4;   distance = bits 5-7 as its high bits, 1 byte as its low ones
 *     10 copy      bits 2-7: length - 1;   distance in 2 bytes LE
 *     11 copy      bits 2-7: length - 1;   distance in 4 bytes LE
 *
 * A bare block cannot be taken for the frame: its first element would copy from before the beginning.
 */

const format = 'snappy'
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const xerialVersion = 1

/** RangeError when it is damaged or unpacks to more than `max` bytes. There is no checksum: see `crc` of the batch. */
export function decodeSnappy(packed: Buffer, max: number): Buffer {
  const input = new PackedBytes(format, packed)
  if (!packed.subarray(0, xerialMagic.length).equals(xerialMagic)) return decodeBlock(input, max)
  input.take(xerialMagic.length + 4)
  const leastVersion = input.take(4).readInt32BE()
  if (leastVersion > xerialVersion)
    throw input.fault(`the frame asks for version ${leastVersion}, this reads ${xerialVersion}`, input.at - 4)
  const chunks: Buffer[] = []
  let unpacked = 0
  while (input.left > 0) {
    const chunk = decodeBlock(input.within(input.take(4).readUInt32BE()), max - unpacked)
    unpacked += chunk.length
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function decodeBlock(input: PackedBytes, max: number): Buffer {
  const start = input.at
  const length = varint(input)
  if (length > max) throw input.fault(`it unpacks to ${length} bytes, more than ${max}`, start)
  const output = new UnpackedBytes(format, length)
  while (input.left > 0) element(input, output)
  if (output.length !== length)
    throw input.fault(`the block should unpack to ${length} bytes, but unpacks to ${output.length}`)
  return output.from(0)
}

function varint(input: PackedBytes): number {
  const start = input.at
  let value = 0
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = input.byte()
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value
  }
  throw input.fault('the unpacked length takes more than 5 bytes', start)
}

function element(input: PackedBytes, output: UnpackedBytes): void {
  const at = input.at
  const tag = input.byte()
  const high = tag >> 2
  const kind = tag & 3
  if (kind === 0) output.append(input.take(1 + (high < 60 ? high : input.uint(high - 59))), at)
  else if (kind === 1) output.repeat(((tag >> 5) << 8) + input.byte(), 4 + (high & 7), 0, at)
  else output.repeat(input.uint(kind === 2 ? 2 : 4), 1 + high, 0, at)
}
