import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maxFrameBytes, writeFrame } from './framing.ts'

test('octet counting: the length counts bytes, and frames follow each other without a gap', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 1_200 }), { maxLength: 8 }),
      messages => {
        const buffer = Buffer.alloc(messages.reduce((sum, m) => sum + maxFrameBytes(m), 0))
        let end = 0
        for (const m of messages) end = writeFrame('octet-counting', m, buffer, end)
        const frames = messages.map(m => `${Buffer.byteLength(m)} ${m}`).join('')
        assert.deepEqual(buffer.subarray(0, end), Buffer.from(frames))
      },
    ),
  )
})

test('LF: each message ends with one', () => {
  const buffer = Buffer.alloc(64)
  const end = writeFrame('lf', 'é', buffer, writeFrame('lf', 'a', buffer, 0))
  assert.equal(buffer.toString('utf8', 0, end), 'a\né\n')
})
