import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'

export function packZstd(records: Buffer): Promise<Buffer> {
  return promisify(zstdCompress)(records)
}

/** Rejects with zlib's error when it is damaged, or (RangeError) when it unpacks to more than `max` bytes. */
export function unpackZstd(packed: Buffer, max: number): Promise<Buffer> {
  return promisify(zstdDecompress)(packed, { maxOutputLength: max })
}
