import assert from 'node:assert/strict'
import { test } from 'node:test'
import './kafkajs-door.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'

interface Manager {
  commitOffsets(offsets?: object): Promise<void>
}

const OffsetManager = fromKafkajs('src/consumer/offsetManager/index.js') as new (options: object) => Manager

/** kafkajs' own, as it is made for each generation of a group. */
function managerOf(assigned: readonly string[]): { readonly manager: Manager; readonly sent: unknown[] } {
  const sent: unknown[] = []
  const coordinator = { offsetCommit: async (payload: unknown) => void sent.push(payload) }
  const manager = new OffsetManager({
    cluster: { committedOffsets: () => ({}) },
    coordinator,
    memberAssignment: Object.fromEntries(assigned.map(topic => [topic, [0]])),
    topicConfigurations: {},
    instrumentationEmitter: { emit: () => undefined },
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
