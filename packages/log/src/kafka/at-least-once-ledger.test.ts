import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { baseSec, guidsOf, makeEntries } from '../contract-suite/made-up-entries.ts'
import { emptyWindow, type LedgerWindow } from '../ledger/ledger-window.ts'
import { openKafkaLog } from './kafka-log.ts'
import { apiKey, watchedSockets } from './watched-sockets-for-tests.ts'
import { bytesOf } from './writer-service.ts'

const foundation = 'lab'
const windowAt = (n: number, changes: Partial<LedgerWindow> = {}): LedgerWindow => ({
  ...emptyWindow({ fromSec: baseSec + n * 10, toSec: baseSec + n * 10 + 10 }),
  ...changes,
})

/**
 * Goal: what a kill without transactions leaves out of the ledger is told when the log is opened again. Method: the
 * connection is cut after each of the requests of one publish.
 */
describe('the ledger of a writer without transactions', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  let prefixes = 0
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const logs = (t: test.TestContext) => {
    const prefix = `ledger-kills-${process.pid}-${++prefixes}`
    return () => {
      const sockets = watchedSockets()
      const { brokers } = kafka
      const log = openKafkaLog(
        {
          brokers,
          prefix,
          delivery: 'at-least-once',
          createTopics: { replicationFactor: 1 },
          socketFactory: sockets.factory,
        },
        { clock: systemClock },
      )
      t.after(() => log.close())
      return { log, sockets }
    }
  }
  const cut = async ({ sockets }: { sockets: ReturnType<typeof watchedSockets> }, requests: number) => {
    const killed = Promise.withResolvers<void>()
    let request = 0
    for (const key of [apiKey.produce, apiKey.offsetCommit])
      sockets.watch(key, (send, kill) => {
        if (++request < requests) send()
        else
          send(() => {
            kill()
            killed.resolve()
          })
      })
    await killed.promise
  }

  // The first event goes by itself: what an earlier writer had under way may come in late.
  const left = [
    ['the first event', 1, 1, 0],
    ['all events', 2, 8, 0],
    ['the ledger', 3, 0, 8],
    ['the state', 4, 0, 8],
  ] as const
  for (const [what, requests, uncounted, counted] of left)
    test(`that is killed after ${what}: ${uncounted} of 8 events are told to be uncounted`, async t => {
      const open = logs(t)
      const first = open()
      const writer = await first.log.writer(foundation)
      await writer.publish(makeEntries(0, 2), 'two', [], { windows: [windowAt(0, { held: 2 })] })
      await writer.close()
      const again = await first.log.writer(foundation)
      const entries = makeEntries(2, 8)
      const killed = cut(first, requests)
      again.publish(entries, 'ten', [], { windows: [windowAt(0, { held: 10 })] }).catch(() => undefined)
      await killed
      void first.log.close()
      const second = await open().log.writer(foundation)
      const [before] = await Array.fromAsync(second.ledger())
      assert.equal(before?.held, 2 + counted)
      const found = await Array.fromAsync(second.uncounted())
      assert.deepEqual(
        found.map(({ guid }) => guid),
        guidsOf(entries.slice(0, uncounted)),
      )
      const held = 2 + uncounted + counted
      await second.publish([], 'later', [], { windows: [windowAt(0, { held })] })
      await second.close()
      const third = await open().log.writer(foundation)
      assert.deepEqual(await Array.fromAsync(third.uncounted()), [], 'and once that is written, no longer')
      await third.close()
    })
})

test('what a publish of thousands of windows and names may take counts their bytes', () => {
  const windows = Array.from({ length: 8_928 }, (_, n) => windowAt(n))
  const names = [{ key: 'k'.repeat(100), value: 'v'.repeat(900) }]
  const nothing = { entries: [], next: '', deadLetters: [] }
  assert.equal(bytesOf({ ...nothing, beside: { names } }), 1_000)
  assert.ok(bytesOf({ ...nothing, beside: { windows } }) > 2_500_000)
})
