import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'

/**
 * As much at once as a batch usually unpacks to: with zlib's 16 kB a full one would come in dozens of pieces. Of one with a single
 * record, as dead letters lie, a mebibyte would be made for each.
 */
function chunkSizeOf({ length }: Buffer): number {
  return Math.min(1024 * 1024, Math.max(8 * 1024, 16 * length))
}

export function packZstd(records: Buffer): Promise<Buffer> {
  return promisify(zstdCompress)(records)
}

/** Rejects with zlib's error when it is damaged, or (RangeError) when it unpacks to more than `max` bytes. */
export function unpackZstd(packed: Buffer, max: number): Promise<Buffer> {
  return promisify(zstdDecompress)(packed, { maxOutputLength: max, chunkSize: chunkSizeOf(packed) })
}
