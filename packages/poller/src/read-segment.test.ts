import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerTooLargeError } from '@cf-audit-drain/cloud-foundry'
import { readSegment, type Segment } from './read-segment.ts'
import { rowKey } from './row-key.ts'
import { handSetSource } from './testing/hand-set-source.ts'

/**
 * Goal: a window counts as whole only when Cloud Controller's own count says so. Method: a source whose pages and
 * counts are set by hand.
 */
const signal = new AbortController().signal
const rows = (...list: readonly (readonly [string | null, number | null])[]) =>
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

test('a page that is not full is not the last one where more rows are counted than it could hold', async () => {
  const holed = rows(['a', 10], ['b', 12], ['c', 13])
  const { events } = handSetSource([{ rows: holed, total: 5 }], [3])
  const segment = await readSegment(events, { fromSec: 10, toSec: 99 }, signal, 4)
  assert.deepEqual([segment.complete, segment.missing, segment.toSec, segment.rows.length], [false, 1, 13, 3])
})

test('pages of which no row is shown are passed, to the end of what is counted', async () => {
  const shown = { rows: rows(['a', 15], ['b', 17]), total: 9 }
  const { events, asked } = handSetSource([{ rows: [], total: 9 }, { rows: [], total: 9 }, shown])
  const segment = await readSegment(events, { fromSec: 10, toSec: 99 }, signal, 4)
  assert.deepEqual([segment.missing, segment.toSec, segment.rows.length], [7, 99, 2])
  assert.deepEqual(
    asked.map(({ page }) => page),
    [1, 2, 3],
  )
  const nothing = handSetSource([{ rows: [], total: 9 }])
  const hidden = await readSegment(nothing.events, { fromSec: 10, toSec: 99 }, signal, 4)
  assert.deepEqual([hidden.missing, hidden.toSec, nothing.asked.length], [9, 99, 3])
  const gone = handSetSource([
    { rows: [], total: 9 },
    { rows: [], total: 0 },
  ])
  const since = await readSegment(gone.events, { fromSec: 10, toSec: 99 }, signal, 4)
  assert.deepEqual(
    [since.complete, since.missing],
    [false, 1],
    'what is on the first page now nobody has seen',
  )
  const endless = handSetSource([{ rows: [], total: 1_000_000 }])
  await readSegment(endless.events, { fromSec: 10 }, signal, 4)
  assert.ok(endless.asked.length <= 50)
  const deep = handSetSource(
    [...Array(49).fill({ rows: [], total: 1_000 }), { rows: rows(['a', 15], ['b', 17]), total: 1_000 }],
    [197],
  )
  const last = await readSegment(deep.events, { fromSec: 10, toSec: 99 }, signal, 4)
  assert.deepEqual([last.toSec, last.rows.length, last.complete], [17, 2, false])
})

test('a row without a readable stamp at the end of a full page is of its last second', async () => {
  const full = rows(['a', 10], ['b', 11], ['c', 12], ['d', null])
  const { events } = handSetSource([{ rows: full, total: 9 }], [2])
  const segment = await readSegment(events, { fromSec: 10, toSec: 99 }, signal, 4)
  assert.deepEqual([segment.complete, segment.toSec], [true, 12])
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

const guidsOf = (segment: Segment) => segment.rows.map(rowKey).toSorted()

test('what a full page showed of a second is kept, also when the clean-up deletes it before it is paged through', async () => {
  const { events } = handSetSource([
    { rows: rows(['a', 10], ['b', 10], ['c', 10]), total: 4 },
    { rows: rows(['c', 10], ['d', 10]), total: 2 },
    { rows: rows(['c', 10], ['d', 10]), total: 2 },
  ])
  const segment = await readSegment(events, { fromSec: 10, toSec: 99 }, signal, 3)
  assert.deepEqual([segment.complete, guidsOf(segment)], [true, ['a', 'b', 'c', 'd']])
})

test('what was shown before a request failed is kept, beside the failure', async () => {
  const failure = new Error('502')
  const uncounted = handSetSource([{ rows: rows(['a', 10], ['b', 11], ['c', 12]), total: 9 }], [failure])
  const counting = await readSegment(uncounted.events, { fromSec: 10, toSec: 99 }, signal, 3)
  assert.deepEqual(
    [counting.complete, counting.failure, guidsOf(counting)],
    [false, failure, ['a', 'b', 'c']],
  )

  const crowded = { rows: rows(['a', 10], ['b', 10]), total: 3 }
  const paging = await readSegment(
    handSetSource([crowded, crowded, failure]).events,
    { fromSec: 10, toSec: 99 },
    signal,
    2,
  )
  assert.deepEqual([paging.complete, paging.failure, guidsOf(paging)], [false, failure, ['a', 'b']])
})

test('a page of a crowded second that is too large is asked for in smaller ones', async () => {
  const tooLarge = new AnswerTooLargeError('too large', {
    foundation: 'test',
    end: 'Cloud Controller',
  })
  const one = (guid: string) => ({ rows: rows([guid, 10]), total: 3 })
  const { events } = handSetSource([
    { rows: rows(['a', 10], ['b', 10]), total: 3 },
    tooLarge,
    ...['a', 'b', 'c', 'a', 'b', 'c'].map(one),
  ])
  const segment = await readSegment(events, { fromSec: 10, toSec: 99 }, signal, 2)
  assert.deepEqual([segment.complete, guidsOf(segment)], [true, ['a', 'b', 'c']])
})

test('where it is said how many rows a page may have, so many are asked for; else a quarter', async () => {
  for (const [rowsMax, perPage, next] of [
    [40, 100, 40],
    [4_000, 5_000, 4_000],
    [100, 5_000, 100],
    [undefined, 5_000, 1_250],
    [200, 100, 25],
  ] as const) {
    const asked: number[] = []
    const facts = { foundation: 'f', end: 'Cloud Controller', ...(rowsMax && { rowsMax }) } as const
    const { events } = handSetSource([{ rows: [], total: 0 }])
    const source: typeof events = {
      ...events,
      auditEvents: async (query, signal) => {
        asked.push(query.perPage)
        if (asked.length === 1) throw new AnswerTooLargeError('too large', facts)
        return events.auditEvents(query, signal)
      },
    }
    await readSegment(source, { fromSec: 10, toSec: 20 }, signal, perPage)
    assert.deepEqual(asked, [perPage, next])
  }
})
