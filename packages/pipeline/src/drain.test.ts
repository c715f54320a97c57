import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from './clock.ts'
import { type Delivery, delivered, type Sink, type Source } from './contract.ts'
import { withDrain } from './drain.ts'
import { drivenClock } from './driven-clock.ts'
import { withRetry } from './retry.ts'
import { run } from './run.ts'

function scene() {
  const clock = drivenClock()
  const stop = new AbortController()
  const begun = Promise.withResolvers<AbortSignal>()
  const finish = Promise.withResolvers<void>()
  const settled: (Error | undefined)[] = []
  const delivery: Delivery<number> = {
    batch: [1, 2],
    settle: async reason => {
      settled.push(reason)
    },
  }
  const source: Source<number> = {
    connect: async () => {},
    read: async () => delivery,
    close: async () => {},
  }
  const sink: Sink<number> = {
    connect: async () => {},
    close: async () => {},
    async write(batch, signal) {
      begun.resolve(signal)
      const aborted = Promise.withResolvers<never>()
      signal.addEventListener('abort', () => aborted.reject(signal.reason))
      await Promise.race([finish.promise, aborted.promise])
      return batch.map(() => delivered)
    },
  }
  const options = { firstDelayMs: 100, maxDelayMs: 1_000 }
  const whole = withRetry(withDrain(sink, 5_000, clock), options, { clock, random: seededRandom(1) })
  const ended = run(source, whole, { clock, reconnectMs: 10 }, stop.signal)
  return { clock, stop, begun: begun.promise, finish, settled, ended }
}

test('a write under way when the process stops is waited for, and settled', async () => {
  const { stop, begun, finish, settled, ended } = scene()
  await begun
  stop.abort(new Error('SIGTERM'))
  finish.resolve()
  await ended
  assert.deepEqual(settled, [undefined])
})

test('a write that does not end in time is given up, and its cursor stays', async () => {
  const { clock, stop, begun, settled, ended } = scene()
  await begun
  stop.abort(new Error('SIGTERM'))
  clock.advance(5_000)
  await ended
  assert.equal(settled.length, 1)
  assert.match(settled[0]?.message ?? '', /SIGTERM/)
})
