import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { seededRandom } from '@cf-audit-drain/pipeline'
import fc from 'fast-check'
import { codecs, unpackedBytesMax } from './compression.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'
import './kafkajs-door.ts'
import { decodeLz4 } from './lz4-decoder.ts'
import { decodeSnappy } from './snappy-decoder.ts'
import { xxhash32 } from './xxhash32.ts'

const vector = (name: string) =>
  readFileSync(new URL(`../../testdata/compression/${name}.bin`, import.meta.url))
const plain = gunzipSync(vector('plain.gz'))
const small = vector('small')
const boundForTests = 1024 * 1024

type Decode = (packed: Buffer, max: number) => Buffer

const packedElsewhere: readonly (readonly [name: string, decode: Decode, content: Buffer])[] = [
  ['snappy-raw', decodeSnappy, plain],
  ['snappy-xerial', decodeSnappy, plain],
  ['lz4-kafka-python', decodeLz4, plain],
  ['lz4-independent', decodeLz4, plain],
  ['lz4-dependent', decodeLz4, plain],
  ['lz4-no-checksum', decodeLz4, plain],
  ['lz4-block-checksums', decodeLz4, plain],
  ['lz4-large-blocks', decodeLz4, plain],
  ['small-snappy-raw', decodeSnappy, small],
  ['small-snappy-xerial', decodeSnappy, small],
  ['small-lz4', decodeLz4, small],
  ['small-lz4-no-checksum', decodeLz4, small],
  ['empty-snappy-raw', decodeSnappy, Buffer.alloc(0)],
  ['empty-lz4', decodeLz4, Buffer.alloc(0)],
]

for (const [name, decode, content] of packedElsewhere) {
  test(`${name}, packed by another program, is unpacked to the byte, and not beyond the bound`, () => {
    assert.deepEqual(decode(vector(name), content.length), content)
    if (content.length > 0) assert.throws(() => decode(vector(name), content.length - 1), /more than \d+/)
  })
}

/** Damage is either noticed, as a RangeError, or has given some other bytes within the bound. */
function tryDamaged(decode: Decode, packed: Buffer, max: number): 'noticed' | 'unpacked' {
  try {
    assert.ok(decode(packed, max).length <= max)
    return 'unpacked'
  } catch (error) {
    assert.ok(error instanceof RangeError, `not a RangeError: ${error}`)
    assert.match(error.message, /^(?:lz4|snappy): at byte \d+: /)
    return 'noticed'
  }
}

for (const name of [
  'small-snappy-raw',
  'small-lz4',
  'small-lz4-no-checksum',
  'empty-lz4',
  'empty-snappy-raw',
])
  test(`${name} cut off anywhere is refused`, () => {
    const packed = vector(name)
    const decode = name.includes('lz4') ? decodeLz4 : decodeSnappy
    for (let length = 0; length < packed.length; length++)
      assert.equal(
        tryDamaged(decode, packed.subarray(0, length), boundForTests),
        'noticed',
        `${length} bytes`,
      )
  })

test('xerial-framed snappy cut off anywhere but between two chunks is refused', () => {
  const packed = vector('small-snappy-xerial')
  const between: number[] = [0]
  for (let at = 16; at < packed.length; at += 4 + packed.readUInt32BE(at)) between.push(at)
  assert.ok(between.length > 2)
  for (let length = 1; length < packed.length; length++) {
    const whole = between.includes(length)
    const found = tryDamaged(decodeSnappy, packed.subarray(0, length), boundForTests)
    assert.equal(found, whole ? 'unpacked' : 'noticed', `${length} bytes`)
  }
})

test('an LZ4 frame with a checksum does not give other content for a single flipped bit', () => {
  const packed = vector('small-lz4')
  let noticed = 0
  for (let bit = 0; bit < packed.length * 8; bit++) {
    const flipped = Buffer.from(packed)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    if (tryDamaged(decodeLz4, flipped, boundForTests) === 'noticed') noticed++
    else assert.deepEqual(decodeLz4(flipped, boundForTests), small, `bit ${bit}`)
  }
  // One byte of the header's checksum is kept, and a copy may come from another place with the same bytes.
  assert.ok(noticed > packed.length * 8 * 0.99, `${noticed} noticed`)
})

test('bits flipped and bytes put in at random never hang a decoder nor make it unpack beyond its bound', t => {
  const seed = Number(process.env['SEED'] ?? 20261122)
  const random = seededRandom(seed)
  t.diagnostic(`seed ${seed}`)
  const counts = { noticed: 0, unpacked: 0 }
  for (const [name, decode] of packedElsewhere) {
    if (!name.startsWith('small')) continue
    for (let run = 0; run < 2000; run++) {
      const packed = Buffer.from(vector(name))
      for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips--)
        packed[Math.floor(random() * packed.length)] = Math.floor(random() * 256)
      counts[tryDamaged(decode, packed, 4096)]++
    }
  }
  t.diagnostic(`${counts.noticed} noticed, ${counts.unpacked} unpacked to something else`)
  assert.ok(counts.noticed > 2000)
})

test('any bytes at all, behind a right beginning or none, are unpacked within the bound or refused', () => {
  const lz4Header = vector('empty-lz4').subarray(0, 7)
  const xerialHeader = vector('small-snappy-xerial').subarray(0, 16)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      const packed = Buffer.from(bytes)
      tryDamaged(decodeSnappy, packed, 4096)
      tryDamaged(decodeSnappy, Buffer.concat([xerialHeader, packed]), 4096)
      tryDamaged(decodeLz4, packed, 4096)
      tryDamaged(decodeLz4, Buffer.concat([lz4Header, Buffer.from([packed.length, 0, 0, 0]), packed]), 4096)
    }),
    { numRuns: 3000 },
  )
})

test('what a snappy element may be, that libsnappy does not write, is read as the format says', () => {
  const literal = (bytes: string) => [(bytes.length - 1) << 2, ...Buffer.from(bytes)]
  const unpacked = (...bytes: number[]) => decodeSnappy(Buffer.from(bytes), 100).toString()
  assert.equal(unpacked(9, ...literal('abc'), (5 << 2) | 3, 3, 0, 0, 0), 'abcabcabc', '4 bytes of distance')
  assert.equal(unpacked(3, 62 << 2, 2, 0, 0, ...Buffer.from('abc')), 'abc', '3 bytes of length')
  assert.equal(unpacked(3, 63 << 2, 2, 0, 0, 0, ...Buffer.from('abc')), 'abc', '4 bytes of length')
})

const refused: readonly (readonly [what: string, decode: Decode, hex: string, message: RegExp])[] = [
  [
    'a copy from before the beginning',
    decodeSnappy,
    '04 00 61 05 02',
    /at byte 3: it reaches 2 bytes back, where 1/,
  ],
  ['a copy over no distance', decodeSnappy, '05 00 61 01 00', /reaches 0 bytes back/],
  ['more than the block says', decodeSnappy, '01 04 61 62', /at byte 1: it unpacks to more than 1 bytes/],
  ['less than the block says', decodeSnappy, '05 00 61', /should unpack to 5 bytes, but unpacks to 1/],
  ['a length that is too long', decodeSnappy, 'ff ff ff ff ff 01', /takes more than 5 bytes/],
  ['a bomb by its own word', decodeSnappy, 'ff ff ff ff 0f 00 61', /unpacks to 4294967295 bytes, more than/],
  [
    'a frame of the future',
    decodeSnappy,
    '82 53 4e 41 50 50 59 00 00 00 00 02 00 00 00 02',
    /asks for version 2/,
  ],
  ['no frame', decodeLz4, '00 00 00 00 40 40', /at byte 0: no LZ4 frame begins here/],
  ['a dictionary', decodeLz4, '04 22 4d 18 61 40 00', /packed with a dictionary/],
  ['another version', decodeLz4, '04 22 4d 18 80 40 00', /version 2, not 1/],
  ['a reserved bit', decodeLz4, '04 22 4d 18 62 40 00', /a reserved bit is set/],
  ['a wrong header checksum', decodeLz4, '04 22 4d 18 60 40 00', /at byte 6: the header's checksum is wrong/],
  [
    'a block that is too large',
    decodeLz4,
    '04 22 4d 18 60 40 82 01 00 01 00',
    /a block of 65537 bytes, at most 65536/,
  ],
  ['bytes after the end', decodeLz4, '04 22 4d 18 60 40 82 00 00 00 00 00', /1 bytes follow the end/],
  [
    'an independent block that reaches into the one before',
    decodeLz4,
    '04 22 4d 18 60 40 82 02 00 00 00 10 61 04 00 00 00 00 01 00 00 00 00 00 00',
    /at byte 17: it reaches 1 bytes back, where 0/,
  ],
]

for (const [what, decode, hex, message] of refused)
  test(`${decode === decodeLz4 ? 'lz4' : 'snappy'}: ${what} is refused, with what and where`, () => {
    assert.throws(() => decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 1024), {
      name: 'RangeError',
      message,
    })
  })

test('XXH32 gives what its specification and another implementation give', () => {
  assert.equal(xxhash32(Buffer.alloc(0)), 0x02cc5d05)
  assert.equal(xxhash32(Buffer.from('a')), 0x550d7456)
  assert.equal(xxhash32(Buffer.from('abc')), 0x32d153ff)
  assert.equal(xxhash32(small), 0xd9026a74)
})

test('zstd and gzip, packed elsewhere or here, come back; neither unpacks a bomb', async () => {
  assert.deepEqual(await codecs.zstd.decompress(vector('zstd')), plain)
  assert.deepEqual(await codecs.gzip.decompress(vector('plain.gz')), plain)
  for (const { compress, decompress } of [codecs.zstd, codecs.gzip])
    assert.deepEqual(await decompress(await compress({ buffer: plain })), plain)
  const bomb = Buffer.alloc(unpackedBytesMax + 1)
  await assert.rejects(codecs.zstd.decompress(zstdCompressSync(bomb)), RangeError)
  await assert.rejects(codecs.gzip.decompress(gzipSync(bomb, { level: 1 })), RangeError)
  await assert.rejects(codecs.zstd.decompress(vector('zstd').subarray(0, 4000)))
  await assert.rejects(codecs.gzip.decompress(vector('plain.gz').subarray(0, 4000)))
})

test('kafkajs finds all four, and neither snappy nor lz4 is written', async () => {
  const { lookupCodecByAttributes } = fromKafkajs('src/protocol/message/compression/index.js') as {
    lookupCodecByAttributes(attributes: number): unknown
  }
  const found = [1, 2, 3, 4].map(type => lookupCodecByAttributes(type))
  assert.deepEqual(found, [codecs.gzip, codecs.snappy, codecs.lz4, codecs.zstd])
  assert.deepEqual(await codecs.snappy.decompress(vector('snappy-xerial')), plain)
  assert.deepEqual(await codecs.lz4.decompress(vector('lz4-dependent')), plain)
  await assert.rejects(codecs.snappy.decompress(Buffer.alloc(0)), RangeError)
  await assert.rejects(codecs.lz4.compress(), /we write zstd or gzip/)
  await assert.rejects(codecs.snappy.compress(), /we write zstd or gzip/)
})
