import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import type { EventLog } from '@cf-audit-drain/log'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { dayMs, goesOn, minuteMs, shownGuids, watchedSource } from './testing/watched-source.ts'

/**
 * Goal: what the log knows of a foundation is on /status from the start, whether or not UAA answers: until when what is not held has
 * to be read, what the ledger says, what was lost at the source. Method: a day's loss that was told and a row that was
 * not shown; then three days pass while nothing runs, and it starts with UAA away.
 */
async function knowsWithoutLogin(t: TestContext, openLog: (() => Promise<EventLog>) | null = null) {
  const one = await watchedSource(t, { days: 2, everyMin: 30 }, {}, openLog)
  one.foundation.delete(shownGuids(one, ago => ago > dayMs && ago < 1.03 * dayMs))
  await goesOn(one, 6)
  const before = one.poller.status()
  assert.ok(before.ledger?.gone === 1 && before.source?.told['event-missing'].events === 1)
  await one.stop()
  await one.passCalmly(3 * dayMs, dayMs)

  one.foundation.faults.add({ fault: 'uaa-unavailable', path: '/oauth/token', count: 1_000_000 })
  one.start().catch(() => undefined)
  while (one.poller.status().state !== 'failing') await one.passCalmly(10_000, 1_000)
  const now = one.poller.status()
  assert.equal(now.rights, null, 'nothing was learned from Cloud Foundry')
  assert.deepEqual(now.source, before.source)
  assert.deepEqual(
    [now.ledger?.gone, now.ledger?.held, now.ledger?.completeUpToSec, now.ledger?.windows.short],
    [1, before.ledger.held, before.ledger.completeUpToSec, 1],
  )
  assert.equal(now.checkpoint?.tailFromSec, before.checkpoint?.tailFromSec)
  // Of a history of two days nobody has seen that more of it is kept.
  assert.deepEqual(now.retention, { sec: 2 * 86_400, by: 'oldest-event' })
  assert.equal(now.deadline?.leftSec, 0)
  const comparedMs = one.resumed.at(-1)?.comparedMs ?? 0
  const agoMs = one.clock.now() - comparedMs
  assert.ok(agoMs > 2.9 * dayMs && agoMs < 3.1 * dayMs, `compared ${agoMs / dayMs} days ago`)

  one.foundation.faults.clear()
  await one.passCalmly(10 * minuteMs, 5_000)
  await one.until(() => one.poller.caughtUp(), 60_000)
  await one.until(() => one.poller.status().deadline === null)
  assert.deepEqual(one.poller.status().source, before.source)
}

test('without UAA a start tells from the embedded log what is due, what the ledger says and what was lost', t =>
  knowsWithoutLogin(t))

describe('the same from Kafka', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  test('without UAA a start tells from Kafka what is due, what the ledger says and what was lost', t =>
    knowsWithoutLogin(t, async () =>
      openKafkaLog(
        {
          brokers: kafka.brokers,
          prefix: `no-login-${process.pid}`,
          delivery: 'exactly-once',
          createTopics: { replicationFactor: 1 },
        },
        { clock: systemClock },
      ),
    ))
})
