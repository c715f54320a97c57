import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '@cf-audit-drain/kafka-broker'
import './kafkajs-door.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'
import { MadeUpConsumer, made, signal, topic, turns } from './sink-source-for-tests.ts'

interface Manager {
  commitOffsets(offsets?: object): Promise<void>
}

const OffsetManager = fromKafkajs('src/consumer/offsetManager/index.js') as new (options: object) => Manager

/** kafkajs' own, as it is made for each generation of a group. */
function managerOf(
  assigned: readonly string[],
  emit: (event: string, payload: unknown) => void = () => undefined,
): { readonly manager: Manager; readonly sent: unknown[] } {
  const sent: unknown[] = []
  const coordinator = { offsetCommit: async (payload: unknown) => void sent.push(payload) }
  const manager = new OffsetManager({
    cluster: { committedOffsets: () => ({}) },
    coordinator,
    memberAssignment: Object.fromEntries(assigned.map(topic => [topic, [0]])),
    topicConfigurations: {},
    instrumentationEmitter: { emit },
    groupId: 'g',
    generationId: 2,
    memberId: 'm',
  })
  Object.assign(manager, { getCoordinator: async () => coordinator })
  return { manager, sent }
}

const commitOf = (topic: string) => ({ topics: [{ topic, partitions: [{ partition: 0, offset: '7' }] }] })

const anew = { retriable: false, message: /shared out anew/ }

test('kafkajs commits nothing of a topic that is not assigned to its member in this generation, and does not try again', async () => {
  const { manager, sent } = managerOf(['ours'])
  await manager.commitOffsets(commitOf('ours'))
  assert.equal(sent.length, 1)
  await assert.rejects(manager.commitOffsets(commitOf('theirs')), anew)
  assert.equal(sent.length, 1)
})

test('what was tried in one generation is not tried again in the next, be the topic ours again', async () => {
  const [before, after] = [managerOf(['ours']), managerOf(['ours'])]
  const commit = commitOf('ours')
  await before.manager.commitOffsets(commit)
  await before.manager.commitOffsets(commit)
  await assert.rejects(after.manager.commitOffsets(commit), anew)
  await after.manager.commitOffsets(commitOf('ours'))
  assert.deepEqual([before.sent.length, after.sent.length], [2, 1])
})

for (const when of ['before', 'after'] as const)
  test(`nor is what waited its turn behind it tried in the next generation (${when} the group's place is read)`, {
    timeout: 5_000,
  }, async t => {
    const consumer = new MadeUpConsumer()
    const { source, client, twice, failures } = made([consumer], () => [topic])
    let place = '0'
    const mayAnswer = Promise.withResolvers<void>()
    const mayTryAgain = Promise.withResolvers<void>()
    const fetchOffsets = async () => [
      { topic, partitions: [{ partition: 0, offset: place, metadata: null }] },
    ]
    const emit = (_: string, payload: unknown) => consumer.emit('o', { payload })
    const next = managerOf([topic], emit)
    const cut = managerOf([topic], emit)
    Object.assign(cut.manager, { getCoordinator: () => Promise.reject(new Error('connection closed')) })
    let { manager } = cut
    let tries = 0
    // As kafkajs does it: one object for all tries, and a rest between them, which the first one is in here.
    consumer.commitOffsets = async offsets => {
      const isFirst = ++tries === 1
      const all = { topics: offsets.map(one => ({ topic: one.topic, partitions: [one] })) }
      await manager.commitOffsets(all).catch(async error => {
        if (!isFirst) throw error
        await mayTryAgain.promise
        await manager.commitOffsets(all)
      })
    }
    Object.assign(client, { asAdmin: async (ask: (admin: unknown) => unknown) => ask({ fetchOffsets }) })
    t.after(() => source.close())
    await source.connect(signal)
    const settling = (await source.read(signal))?.settle()
    // The first one is given up after 20 s (a hundredth of that here), and the second waits behind it.
    await until('it waits', () => failures.length === 1 && consumer.listenerCount('o') === 1, 2_000)
    Object.assign(client, {
      asAdmin: async (ask: (admin: unknown) => unknown) => {
        await mayAnswer.promise
        return ask({ fetchOffsets })
      },
    })
    place = '50'
    manager = next.manager
    consumer.emit('j', { payload: { memberAssignment: { [topic]: [0] } } })
    if (when === 'after') mayAnswer.resolve()
    await turns()
    mayTryAgain.resolve()
    await turns()
    mayAnswer.resolve()
    await settling
    assert.deepEqual([next.sent, twice], [[], [1]])
    assert.equal((await source.read(signal))?.batch[0]?.offset, 50)
  })
