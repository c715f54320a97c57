import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { LogRecord } from '../ports.ts'
import type { Fetched } from './partition-reader.ts'
import { MadeUpConsumer, made, signal, topic, turns } from './sink-source-for-tests.ts'
import { addTo, beginAnew, giveBack, nextOffset, positionAt, taken } from './waiting-records.ts'

/**
 * Goal: a sink's place passes what holds no event, and never an event that was not delivered. Method: a made-up consumer whose
 * commits are held up or refused; sink-groups.test.ts has aborted records on a real broker.
 */
const other = 'cf-audit.events.other'

const event = (name: string, offset: bigint) => ({
  topic: name,
  offset,
  timestampMs: 0,
  key: Buffer.from('event'),
  value: Buffer.alloc(5),
  headers: {},
})

/** One record of offset 10 that was aborted, and then what `later` says. */
function afterAnAbort(
  consumer: MadeUpConsumer,
  later: (round: number) => readonly Fetched[] = () => [],
): ReturnType<typeof made> {
  const all = made([consumer], () => [topic], { committed: '10' })
  let rounds = 0
  all.reader.fetch = async (from: ReadonlyMap<string, bigint>): Promise<readonly Fetched[]> => {
    await setImmediate()
    const round = rounds++
    if (round > 0) return later(round)
    return [...from].map(([name, at]) => ({ topic: name, records: [], nextOffset: at + 1n }))
  }
  return all
}

test('what comes to a topic while the place of another one is committed is not passed', async () => {
  const consumer = new MadeUpConsumer()
  consumer.assignment = { [topic]: [0], [other]: [0] }
  const committed: string[] = []
  const mayCommit = Promise.withResolvers<void>()
  const commit = consumer.commitOffsets.bind(consumer)
  consumer.commitOffsets = async offsets => {
    committed.push(`${offsets[0]?.topic.split('.').at(-1)} ${offsets[0]?.offset}`)
    if (committed.length === 1) await mayCommit.promise
    return commit(offsets)
  }
  const { client, source, reader } = made([consumer], () => [topic, other], { batchMax: 10 })
  const places = { fetchOffsets: async ({ topics }: { topics: string[] }) => topics.map(placeOf) }
  Object.assign(client, { asAdmin: async (ask: (admin: unknown) => Promise<unknown>) => ask(places) })
  let rounds = 0
  reader.fetch = async (from: ReadonlyMap<string, bigint>): Promise<readonly Fetched[]> => {
    await setImmediate()
    if (rounds++ === 0)
      return [...from].map(([name, at]) => ({ topic: name, records: [], nextOffset: at + 1n }))
    while (committed.length === 0) await systemClock.sleep(1)
    if (from.get(other) !== 11n) {
      mayCommit.resolve()
      return []
    }
    return [{ topic: other, records: [event(other, 11n)], nextOffset: 12n }]
  }
  await source.connect(signal)
  const delivery = await source.read(signal)
  assert.equal(delivery?.batch.length, 1)
  assert.deepEqual(committed, ['lab 11'], 'nothing of the other topic is passed')
  await delivery?.settle()
  assert.deepEqual(committed, ['lab 11', 'other 12'])
  await source.close()
})

function placeOf(name: string) {
  return { topic: name, partitions: [{ partition: 0, offset: '10', metadata: null }] }
}

test('a commit that was given up and comes late sets nothing back', async () => {
  const consumer = new MadeUpConsumer()
  const commit = consumer.commitOffsets.bind(consumer)
  let commits = 0
  const mayEnd = Promise.withResolvers<void>()
  consumer.commitOffsets = async offsets => {
    if (commits++ === 0) await mayEnd.promise
    return commit(offsets)
  }
  const { source } = afterAnAbort(consumer, round =>
    round === 1 ? [{ topic, records: [event(topic, 11n)], nextOffset: 12n }] : [],
  )
  await source.connect(signal)
  const delivery = await source.read(signal)
  const settling = delivery?.settle()
  // It may not overtake the one that kafkajs is still trying.
  await turns()
  mayEnd.resolve()
  await settling
  assert.equal(consumer.committed.at(-1), '12')
  await source.close()
})

test('a commit that is refused is tried again, though nothing comes', async () => {
  const consumer = new MadeUpConsumer()
  let commits = 0
  consumer.beforeCommit = () => {
    if (commits++ === 0) throw new Error('the coordinator moved')
  }
  const { source } = afterAnAbort(consumer)
  await source.connect(signal)
  const stop = new AbortController()
  const reading = assert.rejects(source.read(stop.signal))
  while (consumer.committed.length === 0) await systemClock.sleep(5)
  stop.abort()
  await reading
  await source.close()
  assert.deepEqual([commits, consumer.committed], [2, ['11']])
})

test('a source that is closed while a place is committed reads nothing more, at once', async () => {
  const consumer = new MadeUpConsumer()
  const asked = Promise.withResolvers<void>()
  const never = Promise.withResolvers<void>()
  consumer.commitOffsets = async () => {
    asked.resolve()
    await never.promise
  }
  const { source } = afterAnAbort(consumer)
  await source.connect(signal)
  let isEnded = false
  const reading = source.read(new AbortController().signal).finally(() => {
    isEnded = true
  })
  await asked.promise
  await source.close()
  for (let turn = 0; turn < 20; turn++) await setImmediate()
  assert.ok(isEnded, 'it waits for the commit')
  assert.equal(await reading, null)
  never.resolve()
})

test('what is left of a topic that was made anew passes nothing of the new one', () => {
  const position = positionAt(5n)
  const records = [5n, 6n, 7n].map(offset => event(topic, offset))
  addTo(position, 'lab', records, 8n)
  const inHand = taken(position, 2) as [LogRecord, ...LogRecord[]]
  beginAnew(position, 0n)
  assert.equal(nextOffset(position), 0n, 'the third one is waiting')
  addTo(position, 'lab', [event(topic, 0n), event(topic, 1n)], 2n)
  giveBack(position, inHand)
  taken(position, 2)
  assert.equal(nextOffset(position), 0n)
  taken(position, 1)
  assert.equal(nextOffset(position), 0n)
  taken(position, 1)
  assert.equal(nextOffset(position), 1n)
})

test('what waits of a topic whose beginning was removed keeps its offsets', () => {
  const position = positionAt(5n)
  addTo(position, 'lab', [event(topic, 5n)], 6n)
  beginAnew(position, 20n)
  assert.deepEqual([nextOffset(position), position.fetched, position.place], [5n, 20n, -1n])
})
