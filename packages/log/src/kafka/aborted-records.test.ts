import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type AbortedTransaction,
  committedRecords,
  type FetchedRecords,
  type RawRecord,
} from './aborted-records.ts'
import './kafkajs-door.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'

const abortKey = Buffer.from([0, 0, 0, 0])
const commitKey = Buffer.from([0, 0, 0, 1])

function record(producer: number, offset: number | string, how: Partial<RawRecord> = {}): RawRecord {
  return {
    magicByte: 2,
    offset: String(offset),
    timestamp: '1700000000000',
    key: null,
    value: Buffer.from(`v${offset}`),
    headers: {},
    isControlRecord: false,
    batchContext: {
      producerId: String(producer),
      inTransaction: true,
      firstOffset: String(offset),
      lastOffsetDelta: 0,
    },
    ...how,
  }
}

function outside(producer: number, offset: number, how: Partial<RawRecord> = {}): RawRecord {
  const inside = record(producer, offset, how)
  return { ...inside, batchContext: { ...inside.batchContext, inTransaction: false } }
}

const data = (producer: number, ...offsets: number[]) => offsets.map(offset => record(producer, offset))
const abort = (producer: number, offset: number | string) =>
  record(producer, offset, { key: abortKey, isControlRecord: true })
const commit = (producer: number, offset: number) =>
  record(producer, offset, { key: commitKey, isControlRecord: true })
const aborted = (producer: number, firstOffset: number | string): AbortedTransaction => ({
  producerId: String(producer),
  firstOffset: String(firstOffset),
})

const Batch = fromKafkajs('src/consumer/batch.js') as new (
  topic: string,
  fetchedOffset: string,
  partition: object,
) => { readonly messages: readonly RawRecord[] }

/** What we let through, having seen that kafkajs' own consumers let through the same. */
function seen(fetched: FetchedRecords, from: number): readonly number[] {
  const ours = committedRecords(fetched, BigInt(from)).map(({ offset }) => Number(offset))
  const { messages } = new Batch('t', String(from), { partition: 0, highWatermark: '999', ...fetched })
  const theirs = messages.map(({ offset }) => Number(offset))
  assert.deepEqual(theirs, ours, 'kafkajs sees something else')
  return ours
}

test('aborts that interleave are both taken out, though the one that began later is listed first', () => {
  const messages = [
    ...data(1, 10, 11),
    ...data(2, 20, 30),
    ...data(1, 40),
    abort(2, 50),
    ...data(3, 60),
    commit(3, 61),
    ...data(1, 70),
    abort(1, 100),
    ...data(1, 101),
    commit(1, 102),
  ]
  assert.deepEqual(seen({ abortedTransactions: [aborted(2, 20), aborted(1, 10)], messages }, 0), [60, 101])
})

test('a fetch that begins inside two open aborted transactions shows nothing of either', () => {
  const messages = [
    ...data(2, 30),
    ...data(1, 31),
    ...data(2, 32),
    abort(2, 33),
    ...data(1, 34),
    abort(1, 35),
  ]
  assert.deepEqual(seen({ abortedTransactions: [aborted(2, 12), aborted(1, 10)], messages }, 30), [])
})

test('a key of four zero bytes, written by a user, ends no abort', () => {
  const messages = [record(1, 1, { key: abortKey }), ...data(1, 2), abort(1, 3)]
  assert.deepEqual(seen({ abortedTransactions: [aborted(1, 1)], messages }, 0), [])
})

test('a commit between two aborts of one producer stays', () => {
  const messages = [
    ...data(1, 1),
    abort(1, 2),
    ...data(1, 3),
    commit(1, 4),
    ...data(1, 5),
    abort(1, 6),
    ...data(1, 7),
    commit(1, 8),
  ]
  assert.deepEqual(seen({ abortedTransactions: [aborted(1, 1), aborted(1, 5)], messages }, 0), [3, 7])
})

test('an abort whose marker is beyond the fetched bytes hides all that was fetched', () => {
  assert.deepEqual(seen({ abortedTransactions: [aborted(1, 1)], messages: data(1, 1, 2, 3) }, 0), [])
})

test('what the same producer wrote outside a transaction stays', () => {
  const messages = [...data(1, 1), outside(1, 2), abort(1, 3)]
  assert.deepEqual(seen({ abortedTransactions: [aborted(1, 1)], messages }, 0), [2])
})

test('records below the offset asked for and control records are never seen, with and without aborts', () => {
  const messages = [...data(1, 1, 2, 3), commit(1, 4), ...data(1, 5)]
  assert.deepEqual(seen({ abortedTransactions: null, messages }, 2), [2, 3, 5])
  assert.deepEqual(seen({ abortedTransactions: [], messages }, 2), [2, 3, 5])
  assert.deepEqual(seen({ abortedTransactions: [aborted(2, 9)], messages }, 4), [5])
})

test('an abort marker below the offset asked for ends its transaction', () => {
  const messages = [...data(1, 1), abort(1, 2), ...data(1, 3), commit(1, 4)]
  const visible = committedRecords({ abortedTransactions: [aborted(1, 1)], messages }, 3n)
  assert.deepEqual(
    visible.map(({ offset }) => offset),
    ['3'],
  )
})

test('offsets beyond 2^53 are compared exactly', () => {
  const messages = [
    record(1, '9007199254740992'),
    record(1, '9007199254740993'),
    abort(1, '9007199254740994'),
  ]
  const visible = committedRecords({ abortedTransactions: [aborted(1, '9007199254740993')], messages }, 0n)
  assert.deepEqual(
    visible.map(({ offset }) => offset),
    ['9007199254740992'],
  )
})

test('messages of the formats before record batches pass through the patched kafkajs', () => {
  const messages = [{ offset: '1', key: Buffer.from('k'), value: Buffer.from('v'), magicByte: 1 }]
  const partition = { partition: 0, highWatermark: '9', messages, abortedTransactions: [aborted(1, 0)] }
  assert.equal(new Batch('t', '0', partition).messages.length, 1)
})

type Step =
  | { readonly does: 'write' | 'write outside'; readonly producer: number; readonly count: number }
  | { readonly does: 'end'; readonly producer: number; readonly commits: boolean }

interface Transaction {
  readonly producer: number
  readonly firstOffset: number
  lastOffset: number
  committed: boolean
}

interface Entry {
  readonly record: RawRecord
  /** The offset after its batch. */
  readonly batchEnd: number
  /** Null outside of one. */
  readonly transaction: Transaction | null
}

/** A partition as its leader keeps it: batches, transactions of several producers between one another, markers. */
class Partition {
  readonly entries: Entry[] = []
  readonly #ended: Transaction[] = []
  readonly #open = new Map<number, Transaction>()

  run(step: Step): void {
    if (step.does === 'end') this.#end(step.producer, step.commits)
    else
      this.#write(
        step.producer,
        step.count,
        step.does === 'write' ? this.#transactionOf(step.producer) : null,
      )
  }

  #transactionOf(producer: number): Transaction {
    const begun = { producer, firstOffset: this.entries.length, lastOffset: -1, committed: false }
    const transaction = this.#open.get(producer) ?? begun
    this.#open.set(producer, transaction)
    return transaction
  }

  /** Keys of four zero bytes are among them: a user may have such. */
  #write(producer: number, count: number, transaction: Transaction | null): void {
    const batchEnd = this.entries.length + count
    for (let offset = this.entries.length; offset < batchEnd; offset++) {
      const how = { key: offset % 3 === 0 ? abortKey : null }
      const written = transaction ? record(producer, offset, how) : outside(producer, offset, how)
      this.entries.push({ record: written, batchEnd, transaction })
    }
  }

  #end(producer: number, commits: boolean): void {
    const transaction = this.#open.get(producer)
    if (!transaction) return
    const offset = this.entries.length
    transaction.lastOffset = offset
    transaction.committed = commits
    this.#open.delete(producer)
    this.#ended.push(transaction)
    const marker = commits ? commit(producer, offset) : abort(producer, offset)
    this.entries.push({ record: marker, batchEnd: offset + 1, transaction })
  }

  /** Whole batches from that of `from` on, below the last stable offset, with every abort that reaches into them. */
  fetch(from: number, batchesMax: number): FetchedRecords {
    const stable = Math.min(
      this.entries.length,
      ...[...this.#open.values()].map(({ firstOffset }) => firstOffset),
    )
    const batches = Map.groupBy(this.entries.slice(0, stable), ({ batchEnd }) => batchEnd)
    const fetched = [...batches.values()]
      .filter(([first]) => (first?.batchEnd ?? 0) > from)
      .slice(0, batchesMax)
      .flat()
    const end = fetched.at(-1)?.batchEnd ?? from
    const reach = this.#ended.filter(
      ({ committed, firstOffset, lastOffset }) => !committed && lastOffset >= from && firstOffset < end,
    )
    return {
      messages: fetched.map(entry => entry.record),
      abortedTransactions: reach.map(({ producer, firstOffset }) => aborted(producer, firstOffset)),
    }
  }

  isVisible(offset: number): boolean {
    const entry = this.entries[offset]
    return entry?.record.isControlRecord === false && entry.transaction?.committed !== false
  }
}

const commits = fc.boolean()
const producer = fc.integer({ min: 1, max: 4 })
const writing = fc.constantFrom(
  'write' as const,
  'write' as const,
  'write' as const,
  'write outside' as const,
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ does: writing, producer, count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('end' as const), producer, commits }) },
)

test('whatever producers do between one another, a fetch shows exactly what is committed', t => {
  let hidden = 0
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.integer({ min: 1, max: 40 }),
      fc.dictionary(fc.constantFrom('1', '2', '3', '4'), commits),
      (steps, place, batchesMax, ends) => {
        const partition = new Partition()
        for (const one of steps) partition.run(one)
        for (const [id, commits] of Object.entries(ends))
          partition.run({ does: 'end', producer: Number(id), commits })
        const from = Math.floor(place * partition.entries.length)
        const fetched = partition.fetch(from, batchesMax)
        const offsets = fetched.messages.map(({ offset }) => Number(offset)).filter(offset => offset >= from)
        const visible = offsets.filter(offset => partition.isVisible(offset))
        assert.deepEqual(seen(fetched, from), visible)
        if (fetched.abortedTransactions?.length) hidden++
      },
    ),
    { numRuns: 3000 },
  )
  t.diagnostic(`${hidden} of 3000 fetches had aborted transactions`)
  assert.ok(hidden > 400)
})
