import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow, type LedgerWindow } from '../ledger/ledger-window.ts'
import { guidsOfWindows } from './guids-of-window.ts'
import type { KafkaRecord } from './partition-reader.ts'

/** Goal: what windows share of a topic is read once. Method: a topic that counts what is read of it. */
function topicOf(secs: readonly number[], earliest = 0) {
  const read: [number, number][] = []
  const reader = {
    edge: async (_topic: string, edge: string) => BigInt(edge === 'earliest' ? earliest : secs.length),
    async *read(topic: string, from: bigint, to: bigint): AsyncGenerator<KafkaRecord> {
      read.push([Number(from), Number(to)])
      for (let offset = Number(from); offset < Number(to); offset++)
        yield {
          ...{ topic, offset: BigInt(offset), timestampMs: 0, value: null },
          key: Buffer.from(`e${offset}`),
          headers: { created_at: Buffer.from(String(secs[offset])) },
        }
    },
  }
  const guids = async (...windows: readonly LedgerWindow[]) =>
    Array.fromAsync(guidsOfWindows(reader, 'events', windows), ({ guid }) => guid)
  return { guids, read }
}

const window = (n: number, firstOffset: number | null, lastOffset = firstOffset): LedgerWindow => ({
  ...emptyWindow({ fromSec: n * 10, toSec: n * 10 + 10 }),
  ...{ held: 1, firstOffset, lastOffset },
})

test('windows that overlap in the topic, or nearly touch, are read in one pass, and each gives its own', async () => {
  const { guids, read } = topicOf([0, 1, 10, 2, 11, 20, 3, 30])
  assert.deepEqual((await guids(window(2, 5), window(0, 0, 6), window(1, 2, 4))).toSorted(), [
    ...['e0', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6'],
  ])
  assert.deepEqual(read, [[0, 7]])
})

test('windows far apart are read each by itself, what was removed is left out, and none without a place is read', async () => {
  const secs = Array.from({ length: 5_000 }, (_, i) => (i < 100 ? 5 : i < 4_900 ? 15 : 25))
  const { guids, read } = topicOf(secs, 50)
  const found = await guids(window(2, 4_900, 4_999), window(0, 0, 99), window(7, null))
  assert.equal(found.length, 150)
  assert.deepEqual(read, [
    [50, 100],
    [4_900, 5_000],
  ])
  assert.deepEqual(await guids(window(7, null)), [])
  assert.equal(read.length, 2)
})

test('what is stamped within a window and lies outside its place is not of it', async () => {
  const { guids } = topicOf([0, 10, 1, 11, 2])
  assert.deepEqual(await guids(window(0, 0, 2), window(1, 1, 3)), ['e0', 'e1', 'e2', 'e3'])
})
