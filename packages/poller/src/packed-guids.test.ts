import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PackedGuids } from './packed-guids.ts'

const zeros = '00000000-0000-0000-0000-000000000000'
/** Of few distinct words, so that many begin at the same slot. */
const crowded = fc
  .tuple(fc.nat(3), fc.nat(3), fc.nat(200))
  .map(([a, b, c]) => `${hex(a)}-0000-0000-0000-${hex(b)}${hex(c).slice(4)}`)
const guid = fc.oneof(
  fc.uuid(),
  crowded,
  crowded.map(one => one.toUpperCase()),
  fc.constant(zeros),
  fc.string({ unit: 'binary' }),
)

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}

test('holds what a plain set of strings holds, UUIDs or not, also where many begin at one slot', () => {
  fc.assert(
    fc.property(fc.array(guid, { maxLength: 400 }), fc.array(guid, { maxLength: 50 }), (added, asked) => {
      const packed = new PackedGuids(added)
      const plain = new Set(added)
      assert.equal(packed.size, plain.size)
      assert.deepEqual([...packed].sort(), [...plain].sort())
      for (const one of [...added, ...asked]) assert.equal(packed.has(one), plain.has(one), one)
    }),
    { numRuns: 300 },
  )
})

test('holds a hundred thousand, each once', () => {
  const packed = new PackedGuids()
  const all = Array.from({ length: 100_000 }, (_, i) => `${hex(i)}-1234-4abc-8def-0123${hex(i ^ 0x55)}`)
  for (const one of [...all, ...all]) packed.add(one)
  assert.equal(packed.size, all.length)
  assert.deepEqual(new Set(packed), new Set(all))
})
