import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agreedCheckpoint, type FoundCheckpoints } from './agreed-checkpoint.ts'
import { KafkaStateError } from './kafka-error.ts'

const nothing: FoundCheckpoints = { inGroup: null, mirror: null, hasRecords: false, newestSeq: 0 }
const five = { seq: 5, checkpoint: 'five' }

function agreed(found: Partial<FoundCheckpoints>, startAnew?: boolean) {
  const warnings: string[] = []
  const goOn = agreedCheckpoint('lab', { ...nothing, ...found }, text => warnings.push(text), startAnew)
  return { goOn, warnings }
}

test('events without a checkpoint are an error, until the operator says where to go on', () => {
  const lost = { hasRecords: true, newestSeq: 41 }
  assert.throws(() => agreed(lost), KafkaStateError)
  const { goOn, warnings } = agreed(lost, true)
  assert.deepEqual(goOn, { seq: 41, checkpoint: null })
  assert.match(warnings.join(), /checkpoint of lab is lost: going on by --start-from, after event 41/)
})

test('a checkpoint that is there is not given up, whatever the operator said', () => {
  for (const found of [{ inGroup: five, mirror: five }, { inGroup: five }, { mirror: five }])
    assert.deepEqual(agreed({ ...found, hasRecords: true, newestSeq: 5 }, true).goOn, five)
  assert.deepEqual(agreed({}, true), { goOn: null, warnings: [] })
})

test('of two that differ the older is read from, and the numbers go on after the newer', () => {
  const { goOn, warnings } = agreed({
    inGroup: five,
    mirror: { seq: 7, checkpoint: 'seven' },
    newestSeq: 7,
  })
  assert.deepEqual(goOn, { seq: 7, checkpoint: 'five' })
  assert.match(warnings.join(), /event 5\) and its mirror \(event 7\) differ: going on from the older/)
})

test('a checkpoint that counts more events than the topic holds is lost as well', () => {
  const deleted = { mirror: five, newestSeq: 0 }
  assert.throws(() => agreed(deleted), /counts 5 events, and its topic ends at 0: the topic was deleted/)
  assert.deepEqual(agreed(deleted, true).goOn, { seq: 0, checkpoint: null })
})
