import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { until } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { GroupMembership } from './group-membership.ts'
import { fastClock, MadeUpConsumer, made, signal, topic, turns } from './sink-source-for-tests.ts'

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

test('a source that is stopped while it joins has left the group when it is closed', {
  timeout: 5_000,
}, async () => {
  const consumer = new MadeUpConsumer()
  const joining = Promise.withResolvers<void>()
  consumer.mayJoin = joining.promise
  const { source } = made([consumer], () => [topic])
  const stop = new AbortController()
  const connecting = source.connect(stop.signal)
  await until('it joins', () => consumer.isJoining, 2_000)
  stop.abort(new Error('stopped'))
  await assert.rejects(connecting, /stopped/)
  const closing = source.close()
  await turns()
  joining.resolve()
  await closing
  assert.equal(consumer.left, 1)
})

test('a source that cannot be connected for long leaves nothing listening to the stop', {
  timeout: 5_000,
}, async () => {
  const { source, client } = made([], () => [topic])
  client.newReader = async () => assert.fail('the brokers are away')
  const stop = new AbortController()
  for (let attempt = 0; attempt < 5; attempt++) await assert.rejects(source.connect(stop.signal), /away/)
  await source.close()
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
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
