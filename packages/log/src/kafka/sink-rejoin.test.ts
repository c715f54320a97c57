import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { until } from '@cf-audit-drain/kafka-broker'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { GroupMembership } from './group-membership.ts'
import type { KafkaClient } from './kafka-client.ts'
import { kafkaDefaults } from './kafka-options.ts'
import { Names } from './names.ts'
import type { Fetched } from './partition-reader.ts'
import { KafkaSinkSource } from './sink-source.ts'

const topic = 'cf-audit.events.lab'
const { signal } = new AbortController()
/** All limits and rests are a hundredth of what they are. */
const fastClock: Clock = { ...systemClock, sleep: (ms, stop) => systemClock.sleep(ms / 100, stop) }

/** A member as kafkajs' consumer is one, its silence about commits while it stops included. */
class MadeUpConsumer extends EventEmitter {
  readonly events = {
    GROUP_JOIN: 'j',
    REBALANCING: 'r',
    HEARTBEAT: 'h',
    CRASH: 'c',
    DISCONNECT: 'd',
    STOP: 's',
    REQUEST: 'q',
    COMMIT_OFFSETS: 'o',
  }
  assignment: Readonly<Record<string, readonly number[]>> = { [topic]: [0] }
  isRunning = true
  isJoining = false
  committed: string[] = []
  mayJoin: Promise<unknown> = Promise.resolve()
  mayLeave: Promise<unknown> = Promise.resolve()
  beforeCommit: () => void = () => undefined
  left = 0

  listen(event: string, listener: (event: { payload: unknown }) => void): () => void {
    super.on(event, listener)
    return () => super.off(event, listener)
  }
  async connect() {}
  async subscribe() {}
  pause() {}
  async run() {
    this.isJoining = true
    await this.mayJoin
    this.emit('j', { payload: { memberAssignment: this.assignment } })
  }
  async commitOffsets(
    offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: string }[],
  ) {
    if (!this.isRunning) return
    this.beforeCommit()
    for (const { topic: name, partition, offset } of offsets) {
      this.committed.push(offset)
      this.emit('o', { payload: { topics: [{ topic: name, partitions: [{ partition, offset }] }] } })
    }
  }
  async disconnect() {
    this.left++
    this.isRunning = false
    await this.mayLeave
    this.emit('s', { payload: null })
    this.emit('d', { payload: null })
  }
}

/** As many rounds of the event loop as a loop that does not stop would need to be seen. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await setImmediate()
}

/** Of what is told of troubles. */
function isNothing(told: unknown): boolean {
  return told === null || (Array.isArray(told) && told.length === 0)
}

function made(
  consumers: MadeUpConsumer[],
  topics: () => readonly string[],
  { bytes = 5, batchMax = 1, committed = '0', hidden = (): readonly string[] => [] } = {},
) {
  let handedOut = 0
  const failures: Error[] = []
  const twice: number[] = []
  /** What was told of troubles, and of their end. */
  const interrupted: unknown[] = []
  const log = Array.from({ length: 100 }, (_, i) => BigInt(i))
  const value = Buffer.alloc(bytes)
  const fetches: bigint[] = []
  const reader = {
    edge: async () => 0n,
    close: async () => undefined,
    fetch: async (from: ReadonlyMap<string, bigint>): Promise<readonly Fetched[]> => {
      await setImmediate()
      return [...from].map(([name, at]) => {
        fetches.push(at)
        const offsets = log.filter(offset => offset >= at).slice(0, 1)
        const records = offsets.map(offset => ({
          topic: name,
          offset,
          timestampMs: 0,
          key: Buffer.from(String(offset)),
          value,
          headers: {},
        }))
        return { topic: name, records, nextOffset: at + BigInt(offsets.length) }
      })
    },
  }
  const client = {
    consumer: () => {
      const consumer = consumers[handedOut++] ?? assert.fail('one join too many')
      // As in kafkajs: what it gives back takes the listener away.
      return Object.assign(consumer, { on: consumer.listen })
    },
    drop: (one: MadeUpConsumer) => void one.disconnect(),
    asAdmin: async (ask: (admin: unknown) => Promise<unknown>) =>
      ask({
        fetchOffsets: async () => [
          { topic, partitions: [{ partition: 0, offset: committed, metadata: null }] },
        ],
      }),
    topicNames: async () => [],
    forgetTopics: () => undefined,
    reader: async () => reader,
    newReader: async () => reader,
  } as unknown as KafkaClient
  const source = new KafkaSinkSource('siem', batchMax, {
    client,
    names: new Names('cf-audit'),
    settings: { ...kafkaDefaults, brokers: [], topicRefreshMs: 1_000 },
    clock: fastClock,
    eventTopics: async () => topics(),
    hiddenTopics: async () => new Set(hidden()),
    claim: () => undefined,
    release: () => undefined,
    requireRights: async () => undefined,
    explain: async error => error,
    observer: {
      failed: error => failures.push(error),
      deliveredTwice: records => twice.push(records),
      interrupted: told => interrupted.push(told),
    },
  })
  return { client, source, failures, fetches, reader, twice, interrupted }
}

test('a commit that kafkajs leaves out, because the member is stopping, is an error', async () => {
  const consumer = new MadeUpConsumer()
  const { client } = made([consumer], () => [topic])
  const nothing = { assigned: () => undefined, crashed: () => undefined }
  const group = { id: 'g', topics: [topic], sessionTimeoutMs: 10_000 }
  const membership = await GroupMembership.join(client, group, fastClock, nothing)
  await membership.commit(topic, 5n)
  consumer.isRunning = false
  await assert.rejects(membership.commit(topic, 6n), /could not be committed/)
  assert.deepEqual(consumer.committed, ['5'])
  // Else its watchdog keeps this process for half a minute.
  await membership.leave()
})

test('what a membership says after it was left does not stop the reading under the next one', {
  timeout: 5_000,
}, async () => {
  const [first, second] = [new MadeUpConsumer(), new MadeUpConsumer()]
  const leaving = Promise.withResolvers<void>()
  first.mayLeave = leaving.promise
  const topics = [topic]
  const { source } = made([first, second], () => topics)
  await source.connect(signal)
  await (await source.read(signal))?.settle()
  topics.push('cf-audit.events.new')
  // Read and settled under the second: it has joined, though the first is still leaving.
  while (second.committed.length === 0) await (await source.read(signal))?.settle()
  leaving.resolve()
  await systemClock.sleep(20)
  const more = second.committed.length + 3
  while (second.committed.length < more) await (await source.read(signal))?.settle()
  await source.close()
})

test('nothing is settled by a member that is leaving', { timeout: 5_000 }, async () => {
  const [first, second] = [new MadeUpConsumer(), new MadeUpConsumer()]
  const leaving = Promise.withResolvers<void>()
  first.mayLeave = leaving.promise
  const topics = [topic]
  const { source } = made([first, second], () => topics)
  await source.connect(signal)
  await (await source.read(signal))?.settle()
  topics.push('cf-audit.events.new')
  while (first.left === 0) await systemClock.sleep(1)
  const committed = [...first.committed]
  const reading = source.read(signal)
  await systemClock.sleep(10)
  // Whatever comes while it leaves would be delivered again.
  assert.equal(await Promise.race([reading, 'waits']), 'waits')
  assert.deepEqual(first.committed, committed)
  leaving.resolve()
  await (await reading)?.settle()
  await source.close()
})

test('a sink is registered with a foundation before it has any of it, also when the first commit fails', {
  timeout: 5_000,
}, async () => {
  const consumer = new MadeUpConsumer()
  let refusals = 0
  consumer.beforeCommit = () => {
    if (refusals++ === 0) throw new Error('the coordinator has moved')
  }
  const { source, failures } = made([consumer], () => [topic], { committed: '-1' })
  await source.connect(signal)
  const delivery = await source.read(signal)
  assert.deepEqual(consumer.committed, ['0'])
  assert.equal(failures.length, 1)
  await delivery?.settle()
  await source.close()
})

test('a source that is closed while it joins leaves the group', { timeout: 5_000 }, async () => {
  const consumer = new MadeUpConsumer()
  const joining = Promise.withResolvers<void>()
  consumer.mayJoin = joining.promise
  const { source } = made([consumer], () => [topic])
  const connecting = source.connect(signal).catch(() => undefined)
  await until('it joins', () => consumer.isJoining, 2_000)
  await source.close()
  joining.resolve()
  await connecting
  assert.equal(consumer.left, 1)
})

test('no more than 16 MB are waiting or handed out, give or take a record', { timeout: 5_000 }, async () => {
  const bytes = 3 * 1024 * 1024
  const { source, fetches } = made([new MadeUpConsumer()], () => [topic], { bytes, batchMax: 1_000 })
  await source.connect(signal)
  await until('it has fetched 16 MB', () => fetches.length >= 6, 2_000)
  await turns()
  assert.equal(fetches.length, 6)
  const delivery = await source.read(signal)
  assert.equal(delivery?.batch.length, 6)
  await delivery?.settle(new Error('not now'))
  await turns()
  assert.equal(fetches.length, 6)
  const again = await source.read(signal)
  assert.deepEqual(again?.batch, delivery?.batch)
  await again?.settle()
  await until('it has fetched as much again', () => fetches.length >= 12, 2_000)
  await turns()
  assert.equal(fetches.length, 12)
  await source.close()
})

test('reading goes on when even the way out of an offset that is gone fails', {
  timeout: 5_000,
}, async () => {
  const { source, failures, reader } = made([new MadeUpConsumer()], () => [topic])
  const { fetch, edge } = reader
  reader.fetch = async () => {
    reader.fetch = fetch
    throw Object.assign(new Error('out of range'), { type: 'OFFSET_OUT_OF_RANGE' })
  }
  reader.edge = async () => {
    reader.edge = edge
    throw new Error('no leader now')
  }
  await source.connect(signal)
  const delivery = await source.read(signal)
  assert.equal(delivery?.batch[0].offset, 0)
  assert.deepEqual(
    failures.map(({ message }) => message),
    ['no leader now'],
  )
  await delivery?.settle()
  await source.close()
})

test('a commit that succeeds after the group was shared out anew counts as delivered twice', {
  timeout: 5_000,
}, async () => {
  const consumer = new MadeUpConsumer()
  const { source, twice } = made([consumer], () => [topic])
  await source.connect(signal)
  const delivery = await source.read(signal)
  // The new assignment begins at what was committed before: the same record comes again.
  consumer.beforeCommit = () => {
    consumer.beforeCommit = () => undefined
    consumer.emit('r', { payload: null })
    consumer.emit('j', { payload: { memberAssignment: { [topic]: [0] } } })
  }
  await delivery?.settle()
  assert.deepEqual(twice, [1])
  const again = await source.read(signal)
  assert.deepEqual(again?.batch, delivery?.batch)
  await again?.settle()
  assert.deepEqual(twice, [1])
  await source.close()
})

test('a member that kafkajs lets go without a word joins anew, and reading goes on', {
  timeout: 5_000,
}, async () => {
  const [first, second] = [new MadeUpConsumer(), new MadeUpConsumer()]
  const { source, failures } = made([first, second], () => [topic])
  await source.connect(signal)
  await (await source.read(signal))?.settle()
  first.emit('r', { payload: null })
  first.emit('h', { payload: null })
  await until('the second has joined', () => second.isJoining, 2_000)
  assert.equal(first.left, 1)
  while (second.committed.length === 0) await (await source.read(signal))?.settle()
  assert.match(failures[0]?.message ?? '', /this member of the group is stuck/)
  await source.close()
})

test('an answer that was on its way when its topic was hidden does not end the trouble with it', {
  timeout: 5_000,
}, async () => {
  let isHidden = false
  const { source, reader, interrupted } = made([new MadeUpConsumer()], () => (isHidden ? [] : [topic]), {
    hidden: () => (isHidden ? [topic] : []),
  })
  const { fetch } = reader
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  reader.fetch = async from => {
    asked.resolve()
    await answered.promise
    return fetch(from)
  }
  await source.connect(signal)
  await asked.promise
  isHidden = true
  await until('it is told', () => interrupted.length > 0, 2_000)
  answered.resolve()
  await turns()
  assert.deepEqual(
    interrupted.map(told => (Array.isArray(told) ? told.length : told)),
    [1],
  )
  await source.close()
})

test('a fetch that fails once another worker has its topic is no trouble of this one', {
  timeout: 5_000,
}, async () => {
  const consumer = new MadeUpConsumer()
  const { source, interrupted, reader } = made([consumer], () => [topic])
  const fetching = Promise.withResolvers<never>()
  let isFetching = false
  reader.fetch = () => {
    isFetching = true
    return fetching.promise
  }
  await source.connect(signal)
  await until('it fetches', () => isFetching, 2_000)
  consumer.emit('r', { payload: null })
  consumer.emit('j', { payload: { memberAssignment: {} } })
  fetching.reject(new Error('no leader now'))
  await turns()
  assert.deepEqual(interrupted, [])
  await source.close()
})

test('a joining that failed costs nothing once another one did not', { timeout: 5_000 }, async () => {
  const [first, second] = [new MadeUpConsumer(), new MadeUpConsumer()]
  first.run = async () => void first.emit('c', { payload: { error: new Error('no coordinator') } })
  let looks = 0
  const { source, interrupted, twice } = made([first, second], () => {
    looks++
    return [topic]
  })
  await assert.rejects(source.connect(signal), /no coordinator/)
  await source.connect(signal)
  const delivery = await source.read(signal)
  const seen = looks
  // A member that is lost joins anew at the first of them.
  await until('the topics are looked at again', () => looks >= seen + 3, 2_000)
  assert.equal(second.left, 0)
  await delivery?.settle()
  assert.deepEqual(twice, [])
  assert.ok(isNothing(interrupted.at(-1)), 'it was in trouble, and is no more')
  await source.close()
})

test('a source that is closed in trouble does not say that it is over', { timeout: 5_000 }, async () => {
  const consumer = new MadeUpConsumer()
  consumer.beforeCommit = () => {
    throw new Error('no coordinator')
  }
  const { source, interrupted } = made([consumer], () => [topic])
  await source.connect(signal)
  const settling = (await source.read(signal))?.settle()
  await until('the trouble is told', () => interrupted.length > 0, 2_000)
  await source.close()
  await settling
  assert.equal(interrupted.length, 1)
})

for (const shared of [{ [topic]: [0] }, {}])
  test(`brokers that do not answer are told of before kafkajs gives up, and that they do again, with ${Object.keys(shared).length} topics`, {
    timeout: 5_000,
  }, async () => {
    const [first, second] = [new MadeUpConsumer(), new MadeUpConsumer()]
    second.assignment = shared
    const { source, interrupted, reader } = made([first, second], () => [topic])
    const { fetch } = reader
    const silence = Promise.withResolvers<never>()
    reader.fetch = () => silence.promise
    await source.connect(signal)
    await until('the silence is told', () => interrupted.length > 0, 2_000)
    reader.fetch = fetch
    first.emit('c', { payload: { error: new Error('no coordinator') } })
    silence.reject(new Error('no broker'))
    await until('that is over', () => isNothing(interrupted.at(-1)), 2_000)
    await source.close()
  })
