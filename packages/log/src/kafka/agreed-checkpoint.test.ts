import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agreedCheckpoint } from './agreed-checkpoint.ts'
import { KafkaStateError } from './kafka-error.ts'

const five = { seq: 5, checkpoint: 'five' }
const nine = { seq: 9, checkpoint: 'nine' }

function agreed(found: Parameters<typeof agreedCheckpoint>[1]) {
  const warnings: string[] = []
  const stored = agreedCheckpoint('lab', found, sentence => warnings.push(sentence))
  return { stored, warnings }
}

test('both the same, and events up to it: no word about it', () => {
  assert.deepEqual(agreed({ inGroup: five, mirror: five, newestSeq: 5 }), { stored: five, warnings: [] })
  assert.deepEqual(agreed({ inGroup: five, mirror: five, newestSeq: 'unknown' }).stored, five)
})

test('of two that differ the older, and numbers that are not used twice', () => {
  const { stored, warnings } = agreed({ inGroup: five, mirror: nine, newestSeq: 9 })
  assert.deepEqual(stored, { seq: 9, checkpoint: 'five' })
  assert.equal(warnings.length, 1)
  assert.deepEqual(agreed({ inGroup: nine, mirror: five, newestSeq: 9 }).stored, {
    seq: 9,
    checkpoint: 'five',
  })
})

test('one of them is enough, with a warning', () => {
  assert.match(agreed({ inGroup: five, mirror: null, newestSeq: 5 }).warnings.join(), /mirror .* is gone/)
  assert.match(agreed({ inGroup: null, mirror: five, newestSeq: 5 }).warnings.join(), /group of lab is gone/)
})

test('nothing at all is a beginning', () => {
  assert.equal(agreed({ inGroup: null, mirror: null, newestSeq: 'none' }).stored, null)
})

test('events without a checkpoint are for the operator to decide', () => {
  for (const newestSeq of [5, 'unknown'] as const)
    assert.throws(() => agreed({ inGroup: null, mirror: null, newestSeq }), KafkaStateError)
})

test('a checkpoint whose events are gone is for the operator to decide', () => {
  const gone = /counts 9 events, and its topic ends at (0|5): .*--start-from/
  for (const newestSeq of [5, 'none'] as const)
    assert.throws(() => agreed({ inGroup: nine, mirror: nine, newestSeq }), gone)
})
