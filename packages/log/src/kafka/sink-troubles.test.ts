import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '@cf-audit-drain/kafka-broker'
import { fastClock, isNothing, MadeUpConsumer, made, signal, topic, turns } from './sink-source-for-tests.ts'

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

for (const takesMs of [0, 7_000])
  test(`a foundation that cannot be begun is in trouble until it can be, though the group is shared out in ${takesMs} ms`, {
    timeout: 5_000,
  }, async t => {
    const consumer = new MadeUpConsumer()
    let tries = 0
    let isRefused = true
    consumer.beforeCommit = () => {
      tries++
      if (isRefused) throw new Error('no coordinator')
    }
    const { source, interrupted } = made([consumer], () => [topic], { committed: '-1' })
    t.after(() => source.close())
    await source.connect(signal)
    await until('it is told', () => interrupted.length > 0, 2_000)
    const before = tries
    consumer.emit('r', { payload: null })
    // Longer than the attempt before it rests.
    await fastClock.sleep(takesMs)
    consumer.emit('j', { payload: { memberAssignment: consumer.assignment } })
    await until('both attempts have been followed by another', () => tries > before + 3, 2_000)
    assert.equal(interrupted.filter(isNothing).length, 0)
    isRefused = false
    await until('it is over', () => interrupted.some(isNothing), 2_000)
  })

test('a foundation that cannot be begun is in trouble until it is given to another worker', {
  timeout: 5_000,
}, async t => {
  const consumer = new MadeUpConsumer()
  consumer.beforeCommit = () => assert.fail('no coordinator')
  const { source, interrupted } = made([consumer], () => [topic], { committed: '-1' })
  t.after(() => source.close())
  await source.connect(signal)
  await until('it is told', () => interrupted.length > 0, 2_000)
  consumer.emit('r', { payload: null })
  await turns()
  assert.equal(interrupted.filter(isNothing).length, 0)
  consumer.emit('j', { payload: { memberAssignment: {} } })
  assert.deepEqual(interrupted.map(isNothing), [false, true])
})
