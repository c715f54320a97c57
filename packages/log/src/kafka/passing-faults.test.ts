import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { committedOffsets } from './committed-offsets.ts'
import type { Cluster } from './kafkajs-internals.ts'
import { PartitionReader } from './partition-reader.ts'

/** Goal: faults that pass are outlived. Method: made-up answers, because a real broker gives them at its own moments. */
function brokerFault(type: string): Error {
  return Object.assign(new Error(type), { type, retriable: true })
}

test('a leader that has moved is looked up before the next attempt', async () => {
  let refreshed = 0
  const broker = {
    fetch: async () => {
      throw brokerFault('NOT_LEADER_FOR_PARTITION')
    },
    listOffsets: async () => {
      if (refreshed < 3) throw brokerFault('NOT_LEADER_FOR_PARTITION')
      return { responses: [{ partitions: [{ offset: '7' }] }] }
    },
  }
  const cluster = {
    targetTopics: new Set(),
    addMultipleTargetTopics: async () => undefined,
    findLeaderForPartitions: () => ({ '1': [0] }),
    findBroker: async () => broker,
    refreshMetadata: async () => {
      refreshed++
    },
  } as unknown as Cluster
  const reader = new PartitionReader(cluster, systemClock)
  await assert.rejects(reader.fetch(new Map([['events', 0n]]), 1), /NOT_LEADER/)
  assert.equal(refreshed, 1)
  assert.equal(await reader.edge('events', 'all'), 7n)
  assert.equal(refreshed, 3)
})

test('a coordinator that still loads is asked again, any other refusal is told', async () => {
  const offsets = [{ topic: 'events', partitions: [{ partition: 0, offset: '5', metadata: null }] }]
  let asked = 0
  const loading = {
    fetchOffsets: async () => {
      if (++asked < 3) throw brokerFault('GROUP_LOAD_IN_PROGRESS')
      return offsets
    },
  }
  assert.deepEqual(await committedOffsets(loading, 'group', ['events'], systemClock), offsets)
  assert.equal(asked, 3)
  const refusing = {
    fetchOffsets: async () => {
      throw Object.assign(new Error('not authorised'), { retriable: false })
    },
  }
  await assert.rejects(committedOffsets(refusing, 'group', ['events'], systemClock), /not authorised/)
})

test('an answer that leaves a topic out is not taken for one that says nothing was committed', async () => {
  const partitions = [{ partition: 0, offset: '5', metadata: null }]
  let asked = 0
  const forgetful = {
    fetchOffsets: async () => {
      asked++
      if (asked === 1) return [{ topic: 'one', partitions }]
      return [
        { topic: 'one', partitions },
        { topic: 'two', partitions: asked === 2 ? [] : partitions },
      ]
    },
  }
  const answer = await committedOffsets(forgetful, 'group', ['one', 'two'], systemClock)
  assert.equal(asked, 3)
  assert.deepEqual(
    answer.map(({ topic, partitions: [first] }) => [topic, first?.offset]),
    [
      ['one', '5'],
      ['two', '5'],
    ],
  )
})
