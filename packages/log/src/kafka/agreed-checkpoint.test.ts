import assert from 'node:assert/strict'
import { test } from 'node:test'
import { agreedCheckpoint, type FoundCheckpoints } from './agreed-checkpoint.ts'
import { KafkaStateError } from './kafka-error.ts'

const nothing: FoundCheckpoints = {
  inGroup: null,
  mirror: null,
  newestSeq: 'none',
  endOffset: 0,
  isBegun: false,
}
const five = { seq: 5, checkpoint: 'five' }
const nine = { seq: 9, checkpoint: 'nine' }

function agreed(found: Partial<FoundCheckpoints>, startAnew?: boolean) {
  const warnings: string[] = []
  const goOn = agreedCheckpoint('lab', { ...nothing, ...found }, text => warnings.push(text), startAnew)
  return { goOn, warnings }
}

test('both the same, and events up to it: no word about it', () => {
  for (const newestSeq of [5, 'unknown'] as const)
    assert.deepEqual(agreed({ inGroup: five, mirror: five, newestSeq }), { goOn: five, warnings: [] })
})

test('of two that differ the older is read from, and the numbers go on after the newest event', () => {
  for (const [inGroup, mirror] of [
    [five, nine],
    [nine, five],
  ]) {
    const found = { inGroup: inGroup ?? null, mirror: mirror ?? null }
    const { goOn, warnings } = agreed({ ...found, newestSeq: 9 })
    assert.deepEqual(goOn, { seq: 9, checkpoint: 'five' })
    assert.match(warnings.join(), /differ: going on from the older/)
    assert.deepEqual(agreed({ ...found, newestSeq: 'unknown' }).goOn, { seq: 9, checkpoint: 'five' })
  }
})

test('of two that differ it is said which is taken, and that they are of one event where they are', () => {
  const other = { seq: 5, checkpoint: 'five, changed' }
  const { goOn, warnings } = agreed({ inGroup: five, mirror: other, newestSeq: 5 })
  assert.deepEqual(goOn, five)
  assert.match(warnings.join(), /are both of event 5 and hold something else: going on from the checkpoint$/)
  const taken = (inGroup: typeof five, mirror: typeof five) =>
    /older one, (.*)$/.exec(agreed({ inGroup, mirror, newestSeq: 9 }).warnings.join())?.[1]
  assert.deepEqual([taken(five, nine), taken(nine, five)], ['the checkpoint', 'the mirror'])
})

test('one of them is enough, with a warning', () => {
  assert.match(agreed({ inGroup: five, newestSeq: 5 }).warnings.join(), /mirror .* is gone/)
  assert.match(agreed({ mirror: five, newestSeq: 5 }).warnings.join(), /group of lab is gone/)
  const reset = agreed({ mirror: five, newestSeq: 5, isGroupSpoiled: true })
  assert.deepEqual(reset.goOn, five)
  assert.match(reset.warnings.join(), /group of lab holds an offset and no checkpoint: somebody else/)
})

test('nothing at all is a beginning, whatever the operator said', () => {
  assert.deepEqual(agreed({}), { goOn: null, warnings: [] })
  assert.deepEqual(agreed({}, true), { goOn: null, warnings: [] })
})

test('events without a checkpoint are an error, until the operator says where to go on', () => {
  for (const newestSeq of [41, 'unknown'] as const) {
    const lost = { newestSeq, endOffset: 60 }
    assert.throws(() => agreed(lost), KafkaStateError)
    const { goOn, warnings } = agreed(lost, true)
    assert.deepEqual(goOn, { seq: newestSeq === 41 ? 41 : 60, checkpoint: null })
    assert.match(warnings.join(), /going on by --start-from, after event (41|60)/)
  }
})

test('a checkpoint whose events are gone is an error, until the operator says where to go on', () => {
  const gone = /counts 9 events, and its topic ends at event (0|5): .*--start-from/
  for (const newestSeq of [5, 'none'] as const) {
    const found = { inGroup: nine, mirror: nine, newestSeq }
    assert.throws(() => agreed(found), gone)
    assert.deepEqual(agreed(found, true).goOn, { seq: newestSeq === 5 ? 5 : 0, checkpoint: null })
  }
})

test('without a checkpoint, once a first publish without transactions began, the numbers go on after its events', () => {
  for (const [newestSeq, seq] of [
    [41, 41],
    ['unknown', 60],
  ] as const) {
    const found = { newestSeq, endOffset: 60, isBegun: true }
    assert.deepEqual(agreed(found), { goOn: { seq, checkpoint: null }, warnings: [] })
  }
  assert.deepEqual(agreed({ isBegun: true }), { goOn: null, warnings: [] })
})

test('a checkpoint that is there is not given up, whatever the operator said', () => {
  for (const found of [{ inGroup: five, mirror: five }, { inGroup: five }, { mirror: five }])
    assert.deepEqual(agreed({ ...found, newestSeq: 5 }, true).goOn, five)
})

test('a checkpoint that counts more events than the topic holds is lost as well', () => {
  const deleted = { mirror: five, newestSeq: 0 }
  assert.throws(
    () => agreed(deleted),
    /counts 5 events, and its topic ends at event 0: the topic was deleted/,
  )
  assert.deepEqual(agreed(deleted, true).goOn, { seq: 0, checkpoint: null })
})
