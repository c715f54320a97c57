import { promisify } from 'node:util'
import { gzip, unzip } from 'node:zlib'
import { decodeLz4 } from './lz4-decoder.ts'
import { decodeSnappy } from './snappy-decoder.ts'
import { packZstd, unpackZstd } from './zstd-codec.ts'

/** A fetched batch is a few MB at most: what unpacks to more than this is a bomb. */
export const unpackedBytesMax = 64 * 1024 * 1024

/** What kafkajs asks of a codec. */
export interface Codec {
  /** Of an Encoder, whose `buffer` holds the records. */
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  /** Rejects with a RangeError that says what is wrong and at which byte, or with zlib's own error. */
  decompress(packed: Buffer): Promise<Buffer>
}

/** Other producers, or the topic's compression.type, decide what is read; what is written we decide. */
async function refuse(): Promise<never> {
  throw new Error('snappy and lz4 are read only: we write zstd or gzip. Choose one of these for the producer')
}

export const codecs = {
  gzip: {
    compress: ({ buffer }) => promisify(gzip)(buffer),
    decompress: packed => promisify(unzip)(packed, { maxOutputLength: unpackedBytesMax }),
  },
  snappy: { compress: refuse, decompress: async packed => decodeSnappy(packed, unpackedBytesMax) },
  lz4: { compress: refuse, decompress: async packed => decodeLz4(packed, unpackedBytesMax) },
  zstd: {
    compress: ({ buffer }) => packZstd(buffer),
    decompress: packed => unpackZstd(packed, unpackedBytesMax),
  },
} satisfies Record<string, Codec>

/** Bits 0 to 2 of a record batch's attributes. */
const compressionType = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

/** By the attributes of a batch; null: it is not compressed. */
export function codecOf(attributes: number): Codec | null {
  const type = attributes & 7
  if (type === 0) return null
  const name = (Object.keys(compressionType) as (keyof typeof compressionType)[]).find(
    one => compressionType[one] === type,
  )
  if (name === undefined) throw new RangeError(`compression ${type} is not known`)
  return codecs[name]
}

/** Puts them where kafkajs looks them up, at every batch. */
export function registerCodecs(registered: Record<number, () => unknown>): void {
  registered[compressionType.gzip] = () => codecs.gzip
  registered[compressionType.snappy] = () => codecs.snappy
  registered[compressionType.lz4] = () => codecs.lz4
  registered[compressionType.zstd] = () => codecs.zstd
}
