import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { until } from '@cf-audit-drain/kafka-broker'
import { delivering } from './delivering-for-tests.ts'
import { fastClock, MadeUpConsumer, made, signal, topic, turns } from './sink-source-for-tests.ts'

/**
 * Goal: what is delivered before a sink has stopped is settled as far as there is time, and else counted. Method: a made-up consumer;
 * sink-rebalance.test.ts and stop-beside-hung-brokers.test.ts have processes and brokers.
 */
for (const delivered of ['all', 'its beginning'])
  test(`what the receiver confirms long after the stop (${delivered}) is committed`, {
    timeout: 5_000,
  }, async t => {
    const stop = new AbortController()
    const { consumer, delivery, twice } = await delivering(t, () => '0', undefined, undefined, stop.signal)
    stop.abort(new Error('stopped'))
    // As long as half of the shutdownTimeout that is configured where none is.
    await fastClock.sleep(10_000)
    await (delivered === 'all' ? delivery.settle() : delivery.settle(new Error('stopped'), 1))
    assert.deepEqual([consumer.committed, twice], [['1'], []])
  })

test('deliveries that are settled leave nothing listening to the stop', { timeout: 5_000 }, async t => {
  const stop = new AbortController()
  const { source, delivery } = await delivering(t, () => '0', undefined, undefined, stop.signal)
  await delivery.settle()
  for (let i = 0; i < 20; i++) await (await source.read(stop.signal))?.settle()
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
})

test('what brokers take no commit of is given up some time after the stop, and counts as delivered twice', {
  timeout: 5_000,
}, async t => {
  const stop = new AbortController()
  const { consumer, delivery, twice } = await delivering(t, () => '0', undefined, undefined, stop.signal)
  let tries = 0
  consumer.beforeCommit = () => {
    tries++
    throw new Error('no coordinator')
  }
  const settling = delivery.settle()
  await until('a second try', () => tries > 1, 5_000)
  stop.abort(new Error('stopped'))
  await settling
  assert.deepEqual([consumer.committed, twice], [[], [1]])
})

test('what cannot be committed by the time that is given to all of a stop counts as delivered twice at once', {
  timeout: 5_000,
}, async t => {
  const [stop, late] = [new AbortController(), new AbortController()]
  const consumer = new MadeUpConsumer()
  const commit = Promise.withResolvers<void>()
  consumer.commitOffsets = () => commit.promise
  const { source, twice } = made([consumer], () => [topic], { settleBy: late.signal })
  t.after(() => source.close())
  await source.connect(stop.signal)
  const delivery = (await source.read(signal)) ?? assert.fail('closed')
  stop.abort(new Error('stopped'))
  const settling = delivery.settle()
  late.abort(new Error('stopped'))
  await turns()
  assert.deepEqual(twice, [1])
  await settling
})

test('a beginning of a delivery whose commit is refused is tried again, and the rest is had again', {
  timeout: 5_000,
}, async t => {
  const consumer = new MadeUpConsumer()
  const { source, twice } = made([consumer], () => [topic], { batchMax: 4 })
  t.after(() => source.close())
  await source.connect(signal)
  await turns()
  const delivery = (await source.read(signal)) ?? assert.fail('closed')
  assert.deepEqual(
    delivery.batch.map(({ offset }) => offset),
    [0, 1, 2, 3],
  )
  let refusals = 2
  consumer.beforeCommit = () => {
    if (refusals-- > 0) throw new Error('connection reset')
  }
  await delivery.settle(new Error('stopped'), 1)
  assert.deepEqual([refusals, consumer.committed, twice], [-1, ['1'], []])
  assert.deepEqual(
    (await source.read(signal))?.batch.map(({ offset }) => offset),
    [1, 2, 3, 4],
  )
})
