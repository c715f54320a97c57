import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import type { EventLog } from '@cf-audit-drain/log'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: since when rights are narrowed, and which role it was, is known after a restart, too. Method: an auditor of spaces who
 * loses some of them, with restarts between.
 */
const minuteMs = 60_000
const bob = { name: 'bob', password: 'pw-of-bob', guid: 'b0b', scopes: ['cloud_controller.read'] }

const asBob = (t: TestContext, openLog: (() => Promise<EventLog>) | null = null) =>
  PolledFoundation.make(
    t,
    {},
    { users: [bob], memberships: { b0b: { spaces: ['s1', 's2', 's3'] } } },
    {
      clientId: 'cf',
      clientSecret: '',
      login: { kind: 'password', username: 'bob', password: bob.password },
    },
    openLog,
  )

const narrowed = (one: PolledFoundation) => one.poller.status().rightsNarrowed

async function becomes(one: PolledFoundation, isNarrowed: boolean): Promise<void> {
  await one.until(async () => {
    if ((narrowed(one) !== null) === isNarrowed && one.poller.status().checkpoint !== null) return true
    one.foundation.insert([{ spaceGuid: 's1' }])
    await one.pass(minuteMs)
    return false
  }, 60_000)
}

async function again(one: PolledFoundation): Promise<void> {
  await one.stop()
  one.clock.advance(hourMs)
  one.start().catch(() => undefined)
}

async function keptOverRestarts(one: PolledFoundation): Promise<void> {
  await one.started(60_000)
  await one.pass(7 * minuteMs)
  one.foundation.setMemberships('b0b', { spaces: ['s1', 's2'] })
  await becomes(one, true)
  const first = narrowed(one)
  assert.match(first?.sentence ?? '', /events of 1 of its 3 spaces .* \(space_auditor s3\);/)
  await again(one)
  await becomes(one, true)
  assert.deepEqual(narrowed(one), first)

  // Another goes, and the first comes back: one is lost all the time.
  one.foundation.setMemberships('b0b', { spaces: ['s1', 's3'] })
  await again(one)
  await becomes(one, true)
  assert.equal(narrowed(one)?.since, first?.since)
  assert.ok(!narrowed(one)?.sentence.includes('space_auditor s3'))

  one.foundation.setMemberships('b0b', { spaces: ['s1', 's2', 's3'] })
  await becomes(one, false)
  await one.until(() => one.poller.status().checkpoint?.narrowed === undefined)
  one.foundation.setMemberships('b0b', { spaces: ['s2', 's3'] })
  await becomes(one, true)
  assert.ok(Date.parse(narrowed(one)?.since ?? '') > Date.parse(first?.since ?? '') + 2 * hourMs)
  assert.match(narrowed(one)?.sentence ?? '', /\(space_auditor s1\)/)
  one.acceptRights = true
  await again(one)
  await becomes(one, false)
  assert.equal(one.poller.status().checkpoint?.narrowed, undefined)
}

test('since when rights are narrowed, and which role was lost, is kept over restarts until it is given back or accepted', async t =>
  keptOverRestarts(await asBob(t)))

describe('on Kafka', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  test('so it is', async t => {
    const { brokers } = kafka
    const prefix = `narrowed-since-${process.pid}`
    const options = { brokers, prefix, createTopics: { replicationFactor: 1 } }
    await keptOverRestarts(await asBob(t, async () => openKafkaLog(options, { clock: systemClock })))
  })
})

test('a checkpoint that says it in another form is read without it', () => {
  const checkpoint = {
    ...{ startSec: 1, baselineSec: 1, tailFromSec: 1, settledSec: 1, unread: [], closedWindows: 0 },
    writtenMs: 1,
  }
  const readAgain = (narrowed: unknown) =>
    decodeCheckpoint(encodeCheckpoint({ ...checkpoint, narrowed } as Parameters<typeof encodeCheckpoint>[0]))
      .narrowed
  const kept = { sinceMs: 7, lost: ['space_auditor s1'] }
  assert.deepEqual(readAgain(kept), kept)
  for (const odd of [null, true, {}, { sinceMs: '7', lost: [] }, { sinceMs: 7, lost: [7] }])
    assert.equal(readAgain(odd), undefined)
})
