import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SinkConfig } from '@cf-audit-drain/config'
import {
  KafkaStateError,
  KafkaUnavailableError,
  type LogRecord,
  LogStorageError,
  openEmbeddedLog,
} from '@cf-audit-drain/log'
import {
  type Clock,
  type Delivery,
  delivered,
  type Outcome,
  type Sink,
  systemClock,
} from '@cf-audit-drain/pipeline'
import { temporary, until } from './command-for-tests.ts'
import { sendableEntries } from './entries-for-tests.ts'
import { type SinkDeps, SinkWorker } from './sink-worker.ts'

const config = { name: 'siem', url: 'syslog://siem.example.com' } as SinkConfig
/** All rests are a hundredth of what they are. */
const clock: Clock = { ...systemClock, sleep: (ms, stop) => systemClock.sleep(ms / 100, stop) }

/** A receiver that counts what comes, and takes nothing of these guids. */
function countingSink(refused: ReadonlySet<string>) {
  const seen = new Map<string, number>()
  const sink: Sink<LogRecord> = {
    connect: async () => undefined,
    close: async () => undefined,
    write: async batch =>
      batch.map(({ guid }): Outcome => {
        if (refused.has(guid)) return { kind: 'rejected', reason: new Error('no event') }
        seen.set(guid, (seen.get(guid) ?? 0) + 1)
        return delivered
      }),
  }
  return { sink, seen }
}

/** Runs a worker until the test is over. */
function running(t: TestContext, log: SinkDeps['log'], sink: Sink<LogRecord>) {
  const up: boolean[] = []
  const attempts: number[] = []
  const worker = new SinkWorker(
    config,
    sink,
    { log, clock, random: () => 0.5, drainMs: 1_000, settleMs: 5_000 },
    { up: isUp => up.push(isUp), failed: ({ attempt }) => attempts.push(attempt) },
  )
  const stopping = new AbortController()
  const ended = worker.run(stopping.signal)
  ended.catch(() => undefined)
  t.after(async () => {
    stopping.abort(new Error('the test is over'))
    await ended.catch(() => undefined)
  })
  return { worker, ended, up, attempts }
}

for (const refusal of [
  new LogStorageError('log.db', 'full', 'no space left'),
  new KafkaUnavailableError('no broker takes it'),
  new KafkaStateError('Kafka has no topic cf-audit.dead-letters'),
])
  test(`what came with a refused record is sent once, though that cannot be buried at first (${refusal.name})`, {
    timeout: 20_000,
  }, async t => {
    const log = await openEmbeddedLog({ dir: temporary(t), clock: systemClock })
    const entries = sendableEntries('lab', 0, 20)
    const writer = await log.writer('lab')
    await writer.publish(entries, 'all')
    const refused = entries[7]?.guid ?? ''
    const { sink, seen } = countingSink(new Set([refused]))
    let attempts = 0
    const lacking: SinkDeps['log'] = {
      source: (name, options) => log.source(name, options),
      bury: async letters => {
        if (++attempts < 6) throw refusal
        await log.bury(letters)
      },
    }
    const { worker, up } = running(t, lacking, sink)
    t.after(() => log.close())
    await until(() => worker.status().lastError !== null)
    assert.equal(worker.status().lastError?.message, refusal.message)
    await until(() => worker.status().state === 'delivering')
    assert.equal(attempts, 6)
    assert.equal(seen.size, 19)
    assert.deepEqual(new Set(seen.values()), new Set([1]))
    assert.deepEqual(
      (await log.deadLetters(9)).map(({ key }) => key),
      [refused],
    )
    assert.equal(up.at(-1), true)
  })

test('a log that fails again after it was read is told as failing for the first time', {
  timeout: 20_000,
}, async t => {
  const away = () => Promise.reject(new KafkaUnavailableError('the brokers are away'))
  const [entry] = sendableEntries('lab', 0, 1)
  assert.ok(entry)
  const record: LogRecord = { ...entry, foundation: 'lab', offset: 1 }
  const delivery: Delivery<LogRecord> = { batch: [record], settle: async () => undefined }
  const reads = [away, away, async () => delivery, away, away]
  const log: SinkDeps['log'] = {
    source: () => ({
      connect: async () => undefined,
      read: signal => reads.shift()?.() ?? clock.sleep(60_000, signal).then(() => null),
      close: async () => undefined,
    }),
    bury: async () => undefined,
  }
  const { attempts } = running(t, log, countingSink(new Set()).sink)
  await until(() => attempts.length === 4)
  assert.deepEqual(attempts, [1, 2, 1, 2])
})

test('an error that no waiting mends, while a record is buried, ends the worker with it', async t => {
  const log = await openEmbeddedLog({ dir: temporary(t), clock: systemClock })
  const [entry] = sendableEntries('lab', 0, 1)
  assert.ok(entry)
  const writer = await log.writer('lab')
  await writer.publish([entry], 'all')
  const { sink } = countingSink(new Set([entry.guid]))
  const fault = new TypeError('a fault of ours')
  const bury = () => Promise.reject(fault)
  const { ended } = running(t, { source: (name, options) => log.source(name, options), bury }, sink)
  t.after(() => log.close())
  await assert.rejects(ended, fault)
})
