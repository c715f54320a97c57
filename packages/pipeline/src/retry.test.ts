import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from './clock.ts'
import { type Batch, delivered, NotConnectedError, type Sink } from './contract.ts'
import { withDeadLetters } from './dead-letter.ts'
import { manualClock } from './manual-clock.ts'
import { withRetry } from './retry.ts'

const never = new AbortController().signal
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i) as unknown as Batch<number>

function retrying(write: Sink<number>['write'], firstDelayMs = 100) {
  const clock = manualClock()
  const sink: Sink<number> = { connect: async () => {}, write, close: async () => {} }
  const wrapped = withRetry(sink, { firstDelayMs, maxDelayMs: 5_000 }, { clock, random: seededRandom(7) })
  return { clock, wrapped }
}

test('a receiver that takes one record per connection still gets all, and few twice', async () => {
  const received: number[] = []
  const { wrapped } = retrying(async batch => {
    received.push(batch[0])
    if (batch.length > 1) throw new Error('closed after one message')
    return [delivered]
  })
  const outcomes = await wrapped.write(numbers(2_000), never)
  assert.equal(outcomes.length, 2_000)
  assert.equal(new Set(received).size, 2_000)
  assert.ok(received.length < 2_100, `${received.length - 2_000} came twice`)
})

test('when nothing was sent the batch keeps its size', async () => {
  const sizes: number[] = []
  const { wrapped } = retrying(async batch => {
    sizes.push(batch.length)
    if (sizes.length < 30) throw new NotConnectedError('connection refused')
    return batch.map(() => delivered)
  })
  await wrapped.write(numbers(500), never)
  assert.deepEqual(new Set(sizes), new Set([500]))
})

test('delays stay below a ceiling that doubles, and the receiver can ask for more', async () => {
  let attempts = 0
  const { wrapped, clock } = retrying(async () => {
    attempts++
    if (attempts <= 8) throw new NotConnectedError('refused')
    if (attempts === 9) return [{ kind: 'retry', reason: new Error('busy'), afterMs: 60_000 }]
    return [delivered]
  })
  await wrapped.write(numbers(1), never)
  clock.slept.slice(0, 8).forEach((ms, i) => {
    assert.ok(ms <= Math.min(5_000, 100 * 2 ** i), `${ms} ms after attempt ${i + 1}`)
  })
  assert.equal(clock.slept[8], 60_000)
})

test('an abort ends the waiting at once and leaves no outcome', async () => {
  const aborted = new AbortController()
  const { wrapped } = retrying(async () => {
    aborted.abort(new Error('stop'))
    throw new Error('broken')
  })
  await assert.rejects(wrapped.write(numbers(3), aborted.signal), /stop/)
})

test('a sink that forgets an outcome is found out, not believed', async () => {
  let writes = 0
  const { wrapped } = retrying(async batch => (++writes === 1 ? [] : batch.map(() => delivered)))
  const outcomes = await wrapped.write(numbers(4), never)
  assert.equal(writes, 3, 'the whole batch was tried again, in halves')
  assert.equal(outcomes.length, 4)
})

test('a write that is stopped says what is confirmed, and how much more was sent', async () => {
  const aborted = new AbortController()
  let writes = 0
  const { wrapped } = retrying(async batch => {
    if (++writes === 1) throw new Error('reset')
    if (writes === 2) return batch.map((_, i) => (i === 3 ? retry : delivered))
    aborted.abort(new Error('stop'))
    if (writes > 3) throw new NotConnectedError('refused')
    throw new Error('reset')
  })
  const retry = { kind: 'retry', reason: new Error('busy') } as const
  // Five of ten are sent again: 0 to 2 and 4 are confirmed; then 3 and 5 to 8 are sent.
  await assert.rejects(wrapped.write(numbers(10), aborted.signal), { message: 'stop', done: 3, sent: 6 })
})

test('one that is stopped with nothing sent says so', async () => {
  const aborted = new AbortController()
  const { wrapped } = retrying(async () => {
    aborted.abort(new Error('stop'))
    throw new NotConnectedError('refused')
  })
  await assert.rejects(wrapped.write(numbers(10), aborted.signal), { message: 'stop', done: 0, sent: 0 })
})

test('what came with a refused record is confirmed up to it when the process stops before that is buried', async () => {
  const aborted = new AbortController()
  const sink: Sink<number> = {
    connect: async () => undefined,
    close: async () => undefined,
    write: async batch =>
      batch.map((_, i) => (i === 2 ? { kind: 'rejected', reason: new Error('too long') } : delivered)),
  }
  const burying = withDeadLetters(sink, async () => {
    aborted.abort(new Error('stop'))
    throw new Error('the disk is full')
  })
  await assert.rejects(burying.write(numbers(5), aborted.signal), {
    message: 'the disk is full',
    done: 2,
    sent: 2,
  })
})
