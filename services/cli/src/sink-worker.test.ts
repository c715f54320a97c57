import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type EventLog,
  KafkaUnavailableError,
  type SourceObserver,
  type SourceOptions,
} from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import { receiverOf, until } from './command-for-tests.ts'
import { startWorker } from './worker-for-tests.ts'

/** A log whose first connection fails, and which has no records. */
function logThatComesUp() {
  const mayConnect = Promise.withResolvers<void>()
  const observers: SourceObserver[] = []
  let attempts = 0
  const log = {
    source: (_: string, { observer }: { readonly observer: SourceObserver }) => {
      observers.push(observer)
      return {
        connect: async () => {
          if (attempts++ === 0) throw new KafkaUnavailableError('the brokers are away')
          await mayConnect.promise
        },
        read: (signal: AbortSignal) =>
          new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
        close: async () => undefined,
      }
    },
  }
  const tell: SourceObserver['interrupted'] = troubles => observers[0]?.interrupted?.(troubles)
  return { log: log as unknown as EventLog, comeUp: () => mayConnect.resolve(), tell }
}

test('a sink whose log cannot be reached gets no events of anybody, and is not called failing once it can', async t => {
  const { log, comeUp } = logThatComesUp()
  const { worker } = startWorker(t, log, 'syslog://127.0.0.1:1')
  await until(() => worker.status().unread.length > 0)
  const [{ foundation, message } = { foundation: '', message: '' }] = worker.status().unread
  assert.deepEqual([foundation, message], [null, 'the brokers are away'])
  assert.equal(worker.status().state, 'failing')
  comeUp()
  await until(() => worker.status().unread.length === 0)
  assert.equal(worker.status().state, 'starting')
  assert.equal(worker.status().lastError?.message, 'the brokers are away')
})

test('a foundation whose events do not come is named since when it is so, whatever comes beside it', async t => {
  const { log, comeUp, tell } = logThatComesUp()
  const { worker } = startWorker(t, log, 'syslog://127.0.0.1:1')
  comeUp()
  await until(() => worker.status().lastError !== null && worker.status().unread.length === 0)
  const one = { foundation: 'one', error: new Error('no right') }
  tell?.([one])
  const [first] = worker.status().unread
  assert.deepEqual([first?.foundation, first?.message], ['one', 'no right'])
  assert.equal(worker.status().state, 'failing')
  tell?.([
    { foundation: 'two', error: new Error('no leader') },
    { ...one, error: new Error('no right') },
  ])
  assert.equal(worker.status().unread[1], first)
  assert.equal(worker.status().lastError?.message, 'no leader')
  tell?.([])
  assert.equal(worker.status().state, 'starting')
})

for (const [settleMs, withinMs] of [
  [5_000, 5_000],
  [200, 1_500],
] as const)
  test(`a sink that stops while its log takes no dead letter gives it up within seconds, or the ${settleMs} ms it has: the record is had again, and buried then`, {
    timeout: 20_000,
  }, async t => {
    const { url } = await receiverOf(t)
    const record = { offset: 1, foundation: 'lab', guid: 'no-avro', bytes: Buffer.from('no Avro') }
    let buried = 0
    const settled: (Error | undefined)[] = []
    const source = {
      connect: async () => undefined,
      read: async () => ({
        batch: [record],
        settle: async (reason?: Error) => {
          settled.push(reason)
        },
      }),
      close: async () => undefined,
    }
    const bury = () => {
      buried++
      return new Promise(() => undefined)
    }
    let settleBy: AbortSignal | undefined
    const log = {
      source: (_: string, options: SourceOptions) => {
        settleBy = options.settleBy
        return source
      },
      bury,
    } as unknown as EventLog
    const { stop } = startWorker(t, log, url, { drainMs: 100, settleMs })
    await until(() => buried === 1)
    assert.equal(settleBy?.aborted, false)
    const startedMs = systemClock.monotonic()
    await stop()
    const ms = systemClock.monotonic() - startedMs
    assert.ok(ms < withinMs, `${ms} ms`)
    assert.equal(settleBy?.aborted, settleMs < 3_000)
    assert.equal(settled.length, 1)
    assert.ok(settled[0] instanceof Error)
  })
