import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSegment } from './read-segment.ts'
import { handSetSource } from './testing/hand-set-source.ts'

/**
 * Goal: a window counts as whole only when Cloud Controller's own count says so. Method: a source whose pages and
 * counts are set by hand.
 */
const signal = new AbortController().signal
const rows = (...list: readonly (readonly [string | null, number])[]) =>
  list.map(([guid, sec]) => ({ guid, sec }))

test('as many rows as counted is whole, and so are more', async () => {
  for (const total of [2, 1]) {
    const { events } = handSetSource([{ rows: rows(['a', 10], ['b', 11]), total }])
    const segment = await readSegment(events, { fromSec: 10, toSec: 20 }, signal)
    assert.deepEqual([segment.complete, segment.missing, segment.toSec], [true, 0, 20])
  }
})

test('fewer rows than counted is not whole, and says how many are missing', async () => {
  const { events } = handSetSource([{ rows: rows(['a', 10]), total: 3 }])
  const segment = await readSegment(events, { fromSec: 10, toSec: 20 }, signal)
  assert.deepEqual([segment.complete, segment.missing], [false, 2])
})

test('a row that is shown twice does not stand in for one that is not shown', async () => {
  const { events } = handSetSource([{ rows: rows(['a', 10], ['a', 10]), total: 2 }])
  assert.equal((await readSegment(events, { fromSec: 10 }, signal)).complete, false)
})

test('rows without a guid are rows all the same', async () => {
  const { events } = handSetSource([{ rows: rows([null, 10], [null, 10]), total: 2 }])
  assert.equal((await readSegment(events, { fromSec: 10 }, signal)).complete, true)
})

test('a full page is a whole reading of all but its last second, if the count agrees', async () => {
  const full = rows(['a', 10], ['b', 11], ['c', 12], ['d', 12])
  const agreed = await readSegment(
    handSetSource([{ rows: full, total: 9 }], [2]).events,
    { fromSec: 10, toSec: 99 },
    signal,
    4,
  )
  assert.deepEqual([agreed.complete, agreed.toSec, agreed.rows.length], [true, 12, 4])
  const short = await readSegment(
    handSetSource([{ rows: full, total: 9 }], [3]).events,
    { fromSec: 10, toSec: 99 },
    signal,
    4,
  )
  assert.deepEqual([short.complete, short.missing], [false, 1])
})

test('an overfull second is read until two readings show the same guids, as many as counted', async () => {
  const first = rows(['a', 10], ['b', 10])
  const second = rows(['c', 10])
  const shifted = rows(['b', 10])
  const quiet = handSetSource([
    { rows: first, total: 3 },
    { rows: first, total: 3 },
    { rows: second, total: 3 },
    { rows: first, total: 3 },
    { rows: second, total: 3 },
  ])
  const whole = await readSegment(quiet.events, { fromSec: 10, toSec: 99 }, signal, 2)
  assert.deepEqual([whole.complete, whole.toSec, whole.rows.length], [true, 11, 3])
  assert.equal(quiet.asked.length, 5, 'one reading is not enough')

  const drifting = handSetSource([
    { rows: first, total: 3 },
    ...Array.from({ length: 4 }, () => [
      { rows: first, total: 3 },
      { rows: shifted, total: 3 },
    ]).flat(),
  ])
  const broken = await readSegment(drifting.events, { fromSec: 10, toSec: 99 }, signal, 2)
  assert.deepEqual([broken.complete, broken.missing], [false, 1])
})
