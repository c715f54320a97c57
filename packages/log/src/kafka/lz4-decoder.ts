import { PackedBytes } from './packed-bytes.ts'
import { UnpackedBytes } from './unpacked-bytes.ts'
import { xxhash32 } from './xxhash32.ts'

/*
 * The LZ4 frame (lz4, doc/lz4_Frame_format.md), as Kafka writes it in record batches. All numbers little-endian;
 * every checksum is XXH32 with seed 0.
 *
 *   frame := 04 22 4D 18 | FLG | BD | [content size UINT64] | [dictionary id UINT32] | HC
 *            | block* | 00 00 00 00 | [content checksum UINT32]
 *
 *   FLG   bits 7-6: version 01   5: blocks are independent   4: block checksums   3: content size
 *         2: content checksum    1: reserved, 0              0: dictionary id
 *   BD    bit 7: reserved, 0     6-4: a block unpacks to at most 4 = 64 KiB, 5 = 256 KiB, 6 = 1 MiB, 7 = 4 MiB
 *         3-0: reserved, 0
 *   HC    second lowest byte of the checksum over FLG..HC (without HC). Batches before magic 2 have it wrong.
 *
 *   block := size UINT32, bit 31: stored as it is | bytes | [checksum of these bytes UINT32]
 *
 * A packed block (doc/lz4_Block_format.md) is sequences; the last one ends with its literals:
 *
 *   sequence := token | [more literals] | literals | distance UINT16 | [more match]
 *
 *   token  high 4 bits: number of literals, low 4 bits: length of the match - 4; 15: bytes follow that are added,
 *          up to and with the first below 255
 */

const format = 'lz4'
const magic = 0x184d2204
const stored = 0x80000000

interface Frame {
  readonly independent: boolean
  readonly blockChecksums: boolean
  readonly contentChecksum: boolean
  /** Null: not said. */
  readonly contentSize: bigint | null
  readonly blockMax: number
}

/** RangeError when it is damaged, asks for a dictionary, or unpacks to more than `max` bytes. */
export function decodeLz4(packed: Buffer, max: number): Buffer {
  const input = new PackedBytes(format, packed)
  const frame = readFrame(input, packed)
  const output = new UnpackedBytes(format, max)
  for (let size = input.uint(4); size !== 0; size = input.uint(4)) readBlock(input, output, frame, size)
  if (frame.contentChecksum) {
    const at = input.at
    if (input.uint(4) !== xxhash32(output.from(0))) throw input.fault('the content checksum is wrong', at)
  }
  if (frame.contentSize !== null && frame.contentSize !== BigInt(output.length))
    throw input.fault(`it should unpack to ${frame.contentSize} bytes, but unpacks to ${output.length}`)
  if (input.left > 0) throw input.fault(`${input.left} bytes follow the end of the frame`)
  return output.from(0)
}

function readFrame(input: PackedBytes, packed: Buffer): Frame {
  if (input.uint(4) !== magic) throw input.fault('no LZ4 frame begins here', 0)
  const start = input.at
  const flags = input.byte()
  const blocks = input.byte()
  const sizeCode = (blocks >> 4) & 7
  if (flags >> 6 !== 1) throw input.fault(`the frame has version ${flags >> 6}, not 1`, start)
  if ((flags & 2) !== 0 || (blocks & 0x8f) !== 0) throw input.fault('a reserved bit is set', start)
  if ((flags & 1) !== 0) throw input.fault('it was packed with a dictionary, which is not at hand', start)
  if (sizeCode < 4) throw input.fault(`the largest block has the unknown code ${sizeCode}`, start + 1)
  const contentSize = (flags & 8) === 0 ? null : input.take(8).readBigUInt64LE()
  const checksum = (xxhash32(packed.subarray(start, input.at)) >> 8) & 0xff
  if (input.byte() !== checksum) throw input.fault("the header's checksum is wrong", input.at - 1)
  return {
    independent: (flags & 0x20) !== 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 4) !== 0,
    contentSize,
    blockMax: 1 << (8 + 2 * sizeCode),
  }
}

function readBlock(input: PackedBytes, output: UnpackedBytes, frame: Frame, header: number): void {
  const headerAt = input.at - 4
  const isStored = header >= stored
  const size = isStored ? header - stored : header
  if (size > frame.blockMax)
    throw input.fault(`a block of ${size} bytes, at most ${frame.blockMax}`, headerAt)
  const start = output.length
  const block = input.within(size)
  if (frame.blockChecksums && input.uint(4) !== xxhash32(block.rest()))
    throw input.fault("the block's checksum is wrong", input.at - 4)
  if (isStored) output.append(block.rest(), block.at)
  else unpackBlock(block, output, frame.independent ? start : 0)
  if (output.length - start > frame.blockMax)
    throw input.fault(`the block unpacks to more than ${frame.blockMax} bytes`, headerAt)
}

function unpackBlock(block: PackedBytes, output: UnpackedBytes, reach: number): void {
  for (;;) {
    const at = block.at
    const token = block.byte()
    output.append(block.take(lengthFrom(block, token >> 4)), at)
    if (block.left === 0) return
    const distance = block.uint(2)
    output.repeat(distance, 4 + lengthFrom(block, token & 15), reach, at)
  }
}

function lengthFrom(input: PackedBytes, nibble: number): number {
  if (nibble < 15) return nibble
  let length = nibble
  for (let more = 255; more === 255; length += more) more = input.byte()
  return length
}
