import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { truncate, truncationMarker } from './truncate.ts'

test('what fits is left alone; what does not is never longer than allowed, is valid, and begins as it did', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 120 }), (text, max) => {
      const cut = truncate(text, max)
      assert.ok(Buffer.byteLength(cut) <= max)
      if (Buffer.byteLength(text) <= max) return assert.equal(cut, text)
      assert.ok(cut.isWellFormed() || !text.isWellFormed())
      const kept = cut.endsWith(truncationMarker) ? cut.slice(0, -truncationMarker.length) : cut
      assert.ok(text.startsWith(kept))
      return
    }),
    { numRuns: 2_000 },
  )
})

test('a cut text is marked where the mark leaves room for two thirds of text', () => {
  assert.equal(truncate('x'.repeat(100), 50), 'x'.repeat(36) + truncationMarker)
  assert.equal(truncate('x'.repeat(100), 20), 'x'.repeat(20))
})
