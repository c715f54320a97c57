import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { guidKey } from './guid-key.ts'

const uuid = '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'

test('a canonical UUID becomes its sixteen bytes', () => {
  const key = guidKey(uuid)
  assert(key instanceof Uint8Array)
  assert.equal(Buffer.from(key).toString('hex'), uuid.replaceAll('-', ''))
})

test('no two texts have one key: what becomes bytes comes back as the same text', () => {
  const nearly = fc
    .tuple(fc.nat(35), fc.constantFrom(...'-0aAgG_: \0é\u{ff10}'.split('')))
    .map(([at, char]) => uuid.slice(0, at) + char + uuid.slice(at + 1))
  fc.assert(
    fc.property(
      fc.oneof(fc.uuid(), nearly, fc.string({ minLength: 36, maxLength: 36 }), fc.string()),
      guid => {
        const key = guidKey(guid)
        if (typeof key === 'string') return key === guid
        const hex = Buffer.from(key).toString('hex')
        return (
          guid ===
          [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
        )
      },
    ),
    { numRuns: 2_000 },
  )
})
