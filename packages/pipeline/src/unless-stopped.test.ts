import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { systemClock } from './clock.ts'
import { unlessStopped } from './unless-stopped.ts'

test('work that ends within the grace counts, what takes longer is left with the reason of the stop, and nobody listens then', async () => {
  const stop = new AbortController()
  const soon = Promise.withResolvers<number>()
  const counts = unlessStopped(stop.signal, 60_000, systemClock, soon.promise)
  const left = unlessStopped(stop.signal, 20, systemClock, new Promise(() => undefined))
  assert.equal(await unlessStopped(stop.signal, 20, systemClock, Promise.resolve(7)), 7)
  stop.abort(new Error('stopped'))
  await assert.rejects(left, /^Error: stopped$/)
  soon.resolve(8)
  assert.equal(await counts, 8)
  await assert.rejects(unlessStopped(stop.signal, 20, systemClock, new Promise(() => undefined)), /stopped/)
  assert.deepEqual(getEventListeners(stop.signal, 'abort'), [])
})
