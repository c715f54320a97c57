import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LossTally } from './loss-tally.ts'

const iso = (ms: number) => new Date(ms).toISOString()

test('a loss that is told again counts once, one that grows counts what it grew by, and another one is added', () => {
  const tally = new LossTally()
  const add = (from: number, to: number, atMs: number) => tally.add({ foundation: 'lab', from, to }, atMs)
  assert.deepEqual(tally.all, [])
  assert.equal(add(10, 60, 1), 50)
  // After a rebalance, from the place that is still committed.
  assert.equal(add(10, 60, 2), 0)
  assert.equal(add(10, 65, 3), 5)
  assert.equal(add(65, 70, 4), 5)
  const grown = { foundation: 'lab', records: 60, since: iso(1), from: 10, to: 70, last: iso(4) }
  assert.deepEqual(tally.all, [grown])
  assert.equal(add(100, 101, 5), 1)
  assert.equal(tally.add({ foundation: 'other', from: 0, to: 3 }, 6), 3)
  assert.deepEqual(tally.all, [
    { ...grown, records: 61, from: 100, to: 101, last: iso(5) },
    { foundation: 'other', records: 3, since: iso(6), from: 0, to: 3, last: iso(6) },
  ])
})

test('a loss that begins earlier counts what it grew by at that end, and an oldest record further back is of another topic', () => {
  const tally = new LossTally()
  const add = (from: number, to: number) => tally.add({ foundation: 'lab', from, to }, 1)
  assert.equal(add(20, 1_000), 980)
  // What was fetched and not settled was gone, too, once another worker had come and gone.
  assert.equal(add(10, 1_000), 10)
  assert.equal(add(15, 1_005), 5)
  assert.deepEqual(
    tally.all.map(({ records, from, to }) => [records, from, to]),
    [[995, 10, 1_005]],
  )
  assert.equal(add(8, 300), 292)
  assert.deepEqual(
    tally.all.map(({ records, from, to }) => [records, from, to]),
    [[1_287, 8, 300]],
  )
})
