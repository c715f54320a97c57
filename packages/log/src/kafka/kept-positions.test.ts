import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '@cf-audit-drain/kafka-broker'
import { delivering } from './delivering-for-tests.ts'
import { MadeUpConsumer, signal, topic, turns } from './sink-source-for-tests.ts'

/**
 * Goal: a topic that comes back after the group was shared out is read on, and nothing of it is doubled; one that was another's is
 * begun where that one came to. Method: a made-up consumer; sink-groups.test.ts has workers that join and leave on a real broker.
 */
const other = 'cf-audit.events.other'
const refusal = new Error('The group is rebalancing, so a rejoin is needed')

const beginSharing = (consumer: MadeUpConsumer) => consumer.emit('r', { payload: null })
const shareOut = (consumer: MadeUpConsumer, topics: readonly string[]) =>
  consumer.emit('j', { payload: { memberAssignment: Object.fromEntries(topics.map(one => [one, [0]])) } })

const offsetOf = (delivery: { readonly batch: readonly { readonly offset: number }[] } | null) =>
  delivery?.batch[0]?.offset

for (const when of ['before', 'after'] as const)
  test(`what is in hand while the group is shared out stays a delivery where its topic comes back (settled ${when})`, {
    timeout: 5_000,
  }, async t => {
    let committed = '0'
    const { source, consumer, delivery, twice, failures } = await delivering(t, () => committed)
    beginSharing(consumer)
    consumer.beforeCommit = () => {
      throw refusal
    }
    const settling = when === 'before' ? delivery.settle() : null
    await turns()
    shareOut(consumer, [topic])
    consumer.beforeCommit = () => undefined
    await turns()
    await (settling ?? delivery.settle())
    committed = '1'
    assert.deepEqual([twice, consumer.committed], [[], ['1']])
    const next = await source.read(signal)
    assert.equal(offsetOf(next), 1)
    // And once more, with nothing of it settled since.
    beginSharing(consumer)
    shareOut(consumer, [topic])
    await next?.settle()
    assert.equal(offsetOf(await source.read(signal)), 2)
    assert.deepEqual([twice, failures], [[], []])
  })

test('what is settled while the group begins to be shared out is committed, and not delivered again wherever its topic goes', {
  timeout: 5_000,
}, async t => {
  const { consumer, delivery, twice } = await delivering(t, () => '0')
  beginSharing(consumer)
  await delivery.settle()
  assert.deepEqual([twice, consumer.committed], [[], ['1']])
  shareOut(consumer, [])
})

test('where the answer to a commit was lost nothing comes again, and it counts as delivered twice: another may have settled as much', {
  timeout: 5_000,
}, async t => {
  let committed = '0'
  const { source, consumer, delivery, twice } = await delivering(t, () => committed)
  consumer.commitOffsets = async () => {
    committed = '1'
    throw new Error('connection reset')
  }
  const settling = delivery.settle()
  await turns()
  beginSharing(consumer)
  shareOut(consumer, [topic])
  await settling
  assert.equal(offsetOf(await source.read(signal)), 1)
  assert.deepEqual(twice, [1])
})

test('nothing is committed between the sharing-out and the answer where the group is', {
  timeout: 5_000,
}, async t => {
  const mayAnswer = Promise.withResolvers<void>()
  const { client, source, consumer, delivery, twice } = await delivering(t, () => '5')
  const { asAdmin } = client
  Object.assign(client, {
    asAdmin: async (ask: Parameters<typeof asAdmin>[0]) => {
      await mayAnswer.promise
      return asAdmin(ask)
    },
  })
  beginSharing(consumer)
  shareOut(consumer, [topic])
  const settling = delivery.settle()
  await turns()
  assert.deepEqual(consumer.committed, [])
  mayAnswer.resolve()
  await settling
  assert.deepEqual([twice, consumer.committed], [[], ['6']])
  assert.equal(offsetOf(await source.read(signal)), 6)
})

for (const [what, place, next] of [
  ['another worker has settled', '5', 5],
  ['an operator has set back', '-1', 0],
] as const)
  test(`where ${what} something of it meanwhile, its topic is begun there, and what is in hand counts as delivered twice`, {
    timeout: 5_000,
  }, async t => {
    let committed = '1'
    const { source, consumer, delivery, twice } = await delivering(t, () => committed)
    assert.equal(offsetOf(delivery), 1)
    beginSharing(consumer)
    committed = place
    shareOut(consumer, [topic])
    await turns()
    await delivery.settle()
    assert.deepEqual(twice, [1])
    assert.ok(!consumer.committed.includes('2'))
    assert.equal(offsetOf(await source.read(signal)), next)
  })

test('what is in hand of a topic that goes to another worker counts as delivered twice, whenever it is settled', {
  timeout: 5_000,
}, async t => {
  for (const when of ['before', 'after']) {
    const { consumer, delivery, twice } = await delivering(t, () => '0')
    beginSharing(consumer)
    consumer.beforeCommit = () => {
      throw refusal
    }
    const settling = when === 'before' ? delivery.settle() : null
    await turns()
    shareOut(consumer, [other])
    await (settling ?? delivery.settle())
    assert.deepEqual([twice, consumer.committed], [[1], []], when)
  }
})

test('nothing is handed out before it is known whose it is, and what failed meanwhile is had again', {
  timeout: 5_000,
}, async t => {
  const { source, consumer, delivery, twice } = await delivering(t, () => '0')
  beginSharing(consumer)
  await delivery.settle(new Error('not now'))
  const reading = source.read(signal)
  await turns()
  assert.equal(await Promise.race([reading, 'waits']), 'waits')
  shareOut(consumer, [topic])
  assert.deepEqual((await reading)?.batch, delivery.batch)
  assert.deepEqual(twice, [])
})

test('what is in hand when the membership is lost is settled under the next one', {
  timeout: 5_000,
}, async t => {
  const [first, second] = [new MadeUpConsumer(), new MadeUpConsumer()]
  const mayJoin = Promise.withResolvers<void>()
  second.mayJoin = mayJoin.promise
  const topics = [topic]
  const { source, delivery, twice } = await delivering(t, () => '0', [first, second], topics)
  // It waits for what is in hand before it joins for the new one …
  topics.push(other)
  await turns()
  first.isRunning = false
  first.emit('c', { payload: { error: new Error('the coordinator does not know this member') } })
  const settling = delivery.settle()
  await until('the second joins', () => second.isJoining, 2_000)
  mayJoin.resolve()
  await settling
  assert.deepEqual([twice, second.committed], [[], ['1']])
  assert.equal(offsetOf(await source.read(signal)), 1)
})

test('a source that is closed while the group is shared out does not keep what is in hand waiting', {
  timeout: 5_000,
}, async t => {
  const { source, consumer, delivery, twice } = await delivering(t, () => '0')
  beginSharing(consumer)
  consumer.beforeCommit = () => {
    throw refusal
  }
  const settling = delivery.settle()
  await source.close()
  await settling
  assert.deepEqual(twice, [1])
})

for (const comes of [topic, other])
  test(`what is in hand of a topic that is deleted is settled, and ${comes} is read when it comes`, {
    timeout: 5_000,
  }, async t => {
    const [first, second] = [new MadeUpConsumer(), new MadeUpConsumer()]
    second.assignment = { [comes]: [0] }
    const topics = [topic]
    const { source, delivery, twice } = await delivering(t, () => '0', [first, second], topics)
    topics.pop()
    first.isRunning = false
    first.emit('c', { payload: { error: new Error('the topic is not there') } })
    await until('it has left', () => first.left > 0, 2_000)
    await delivery.settle()
    assert.deepEqual(twice, [1])
    topics.push(comes)
    await until('the second has joined', () => second.isJoining, 2_000)
    assert.equal(offsetOf(await source.read(signal)), 0)
  })

test('what is in hand of a deleted topic keeps the other topics from nothing, though the group knows nothing of it', {
  timeout: 5_000,
}, async t => {
  const [first, second] = [new MadeUpConsumer(), new MadeUpConsumer()]
  second.assignment = { [other]: [0] }
  first.beforeCommit = () => {
    throw new Error('This server does not host this topic-partition')
  }
  const topics = [topic, other]
  const { source, delivery, twice } = await delivering(t, () => '0', [first, second], topics)
  const settling = delivery.settle()
  topics.shift()
  await settling
  assert.deepEqual([twice, first.left], [[1], 1])
  assert.equal(offsetOf(await source.read(signal)), 0)
})

test('who joins for a new topic does so between two deliveries, however quickly they follow each other', {
  timeout: 5_000,
}, async t => {
  const [first, second] = [new MadeUpConsumer(), new MadeUpConsumer()]
  let committed = '0'
  const topics = [topic]
  const { source, delivery, twice, looks } = await delivering(t, () => committed, [first, second], topics)
  topics.push(other)
  const before = looks()
  await until('it has looked', () => looks() > before + 1, 2_000)
  assert.equal(first.left, 0, 'it waits for what is in hand')
  committed = '1'
  await delivery.settle()
  while (second.committed.length === 0) await (await source.read(signal))?.settle()
  assert.deepEqual([twice, first.committed, first.left, second.committed], [[], ['1'], 1, ['2']])
})

test('where the group is says nothing any more once it is shared out again', { timeout: 5_000 }, async t => {
  const mayAnswer = Promise.withResolvers<void>()
  const { client, source, consumer, delivery } = await delivering(t, () => '0')
  const { asAdmin } = client
  Object.assign(client, {
    asAdmin: async (ask: Parameters<typeof asAdmin>[0]) => {
      await mayAnswer.promise
      return asAdmin(ask)
    },
  })
  await delivery.settle()
  beginSharing(consumer)
  shareOut(consumer, [topic])
  beginSharing(consumer)
  mayAnswer.resolve()
  const reading = source.read(AbortSignal.any([signal, AbortSignal.timeout(100)]))
  await assert.rejects(reading, { name: 'TimeoutError' })
  assert.deepEqual(consumer.committed, ['1'])
})

test('a right that is refused while the group is shared out hands nothing out', {
  timeout: 5_000,
}, async t => {
  const { source, consumer, delivery } = await delivering(t, () => '0')
  let tries = 0
  consumer.beforeCommit = () => {
    tries++
    throw Object.assign(new Error('not authorized'), { type: 'TOPIC_AUTHORIZATION_FAILED' })
  }
  beginSharing(consumer)
  const settling = delivery.settle()
  await until('it was tried again', () => tries > 1, 2_000)
  shareOut(consumer, [other])
  await settling
  assert.equal(offsetOf(await source.read(signal)), 0)
  assert.deepEqual(consumer.committed, [])
})

test('who stops while it is not known whose a topic is waits no longer than for brokers that do not answer', {
  timeout: 5_000,
}, async t => {
  const stop = new AbortController()
  const { client, consumer, delivery, twice } = await delivering(
    t,
    () => '0',
    undefined,
    undefined,
    stop.signal,
  )
  Object.assign(client, { asAdmin: () => new Promise(() => undefined) })
  beginSharing(consumer)
  shareOut(consumer, [topic])
  stop.abort(new Error('stopped'))
  await delivery.settle()
  assert.deepEqual(twice, [1])
})
