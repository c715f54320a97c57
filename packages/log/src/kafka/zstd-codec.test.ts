import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { packZstd, unpackZstd } from './zstd-codec.ts'

test('a batch with a single record takes no mebibyte of memory while it is kept, and one that is full comes out whole', async () => {
  const max = 8 * 1024 * 1024
  const one = Buffer.from(JSON.stringify({ key: 'one', raw: randomBytes(300).toString('base64') }))
  const unpacked = await unpackZstd(await packZstd(one), max)
  assert.deepEqual(unpacked, one)
  assert.ok(unpacked.buffer.byteLength <= 128 * 1024, `${unpacked.buffer.byteLength} bytes`)
  for (const full of [Buffer.alloc(5_000_000, 'x'), randomBytes(1_500_000)])
    assert.ok((await unpackZstd(await packZstd(full), max)).equals(full))
})
