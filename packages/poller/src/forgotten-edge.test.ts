import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { ClusterAdmin, type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import type { EventLog } from '@cf-audit-drain/log'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { alterWriter } from './testing/alter-writer.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'
import { withoutLedger } from './testing/without-ledger.ts'

const minuteMs = 60_000
const dayMs = 24 * hourMs

/**
 * Goal: an old log whose retention is shorter than Cloud Controller's gets its first ledger, and publishes nothing twice.
 * Method: a log is written as before there was a ledger; what is oldest in it is removed, up to the middle of a window;
 * then it is polled with a ledger.
 */
async function oldLog(t: TestContext, openLog: (() => Promise<EventLog>) | null = null) {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 }, {}, {}, openLog)
  // Six in each window of every second hour.
  const firstUs = Math.floor(one.agoUs(12 * dayMs) / 300e6) * 300e6
  one.foundation.insert(
    Array.from({ length: 140 }, (_, i) => i).flatMap(i =>
      Array.from({ length: 6 }, (_, j) => ({ createdAtUs: firstUs + i * 7_200e6 + (j + 1) * 40e6 })),
    ),
  )
  const withLedger = withoutLedger(one.log)
  await one.started(60_000)
  await one.pass(30 * minuteMs)
  await one.stop()
  assert.deepEqual(await one.differences(), nothingWrong)
  return { one, withLedger, firstSec: firstUs / 1e6 }
}

/** With a ledger from now on, until nothing more is to be compared; the guids that are published. */
async function polledWithLedger(
  one: PolledFoundation,
  writer: EventLog['writer'],
): Promise<readonly string[]> {
  one.log.writer = writer
  const published: string[] = []
  const before = alterWriter(one.log, real => ({
    publish: (entries, ...rest) => {
      published.push(...entries.map(({ guid }) => guid))
      return real.publish(entries, ...rest)
    },
  }))
  await one.started(60_000)
  await one.verifiedAgain(12, 60_000)
  await one.stop()
  one.log.writer = before
  return published
}

async function edgeIsCountedOnly(
  one: PolledFoundation,
  withLedger: EventLog['writer'],
  edge: { readonly fromSec: number; readonly left: number },
): Promise<void> {
  const known = new Set(one.foundation.shown().map(({ guid }) => guid))
  const late = one.foundation.insert([{ createdAtUs: one.agoUs(20 * minuteMs) }])
  assert.deepEqual(
    await polledWithLedger(one, withLedger),
    late,
    'what is new, and nothing of what was removed',
  )
  const windows = await Array.fromAsync(one.log.ledger({}))
  const atEdge = windows.find(({ fromSec }) => fromSec === edge.fromSec)
  assert.deepEqual(
    [atEdge?.state, atEdge?.counted, atEdge?.held],
    ['counted', 6, 6],
    `6 were held, of which ${edge.left} are there`,
  )
  const verdict = one.poller.status().ledger
  assert.deepEqual([verdict?.windows.short, verdict?.gone, verdict?.missing], [0, 0, 0])
  assert.ok((verdict?.countedOnly ?? 0) > 0)
  const again = await polledWithLedger(one, withLedger)
  assert.deepEqual(
    again.filter(guid => known.has(guid)),
    [],
    'nor after another start',
  )
  assert.equal(one.poller.status().ledger?.windows.short, 0)
}

test('the first ledger of an embedded log that has forgotten its oldest events publishes none of them again', async t => {
  const { one, withLedger, firstSec } = await oldLog(t)
  const source = one.log.source('siem', { batchMax: 10_000 })
  const { signal } = new AbortController()
  await source.connect(signal)
  for (let left = 840; left > 0; ) {
    const delivery = await source.read(signal)
    left -= delivery?.batch.length ?? left
    await delivery?.settle()
  }
  await source.close()
  // Up to the third of the six of a window in the middle.
  const edgeSec = firstSec + 70 * 7_200
  const nowMs = one.clock.now() + one.foundation.skewMs
  const policy = { maxAgeMs: 1, forgetGuidsAfterSec: Math.floor(nowMs / 1000) - (edgeSec + 121) }
  for (let i = 0; i < 5; i++) await one.log.prune(policy, nowMs)
  await edgeIsCountedOnly(one, withLedger, { fromSec: edgeSec, left: 3 })
})

describe('the first ledger of an old log on Kafka', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  for (const delivery of ['exactly-once', 'at-least-once'] as const)
    test(`whose brokers have removed its oldest events publishes none of them again, ${delivery}`, async t => {
      const prefix = `forgotten-edge-${delivery}-${process.pid}`
      const { one, withLedger, firstSec } = await oldLog(t, async () =>
        openKafkaLog(
          { brokers: kafka.brokers, prefix, delivery, createTopics: { replicationFactor: 1 } },
          { clock: systemClock },
        ),
      )
      const edgeSec = firstSec + 70 * 7_200
      const third = (await Array.fromAsync(one.log.events({})))[70 * 6 + 3]
      await new ClusterAdmin(kafka.brokers).deleteRecords(`${prefix}.events.test`, BigInt(third?.offset ?? 0))
      assert.equal((await one.guids()).length, 840 - 70 * 6 - 3)
      await edgeIsCountedOnly(one, withLedger, { fromSec: edgeSec, left: 3 })
    })
})
