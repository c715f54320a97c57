import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { emptyWindow, type FoundationWriter } from '@cf-audit-drain/log'
import { stoppableWriter } from './stoppable-writer.ts'
import { emptyWriter } from './testing/empty-writer.ts'

/** Goal: what a log does not answer keeps no session from stopping. Method: a writer whose reads give one thing, and then nothing. */
const window = emptyWindow({ fromSec: 0, toSec: 300 })
const nothing = new Promise<never>(() => undefined)
async function* one(): AsyncGenerator<never> {
  yield {} as never
  await nothing
}
const hanging = emptyWriter({
  uncounted: one,
  guids: one,
  names: one,
  guidsOf: one,
  eventsOf: one,
  places: one,
  ledger: one,
  forgottenUpToMs: () => nothing,
})
const reads: Readonly<Record<string, (writer: FoundationWriter) => AsyncIterable<unknown>>> = {
  uncounted: writer => writer.uncounted(),
  guids: writer => writer.guids(0),
  names: writer => writer.names(),
  guidsOf: writer => writer.guidsOf([window]),
  eventsOf: writer => writer.eventsOf(window),
  places: writer => writer.places(0),
  ledger: writer => writer.ledger(),
}

for (const [name, read] of Object.entries(reads))
  test(`${name} gives what comes, and ends with the signal`, { timeout: 5_000 }, async () => {
    const stop = new AbortController()
    const stopped = new Error('stopped')
    let given = 0
    const reading = async () => {
      for await (const _ of read(stoppableWriter(hanging, stop.signal))) {
        given++
        queueMicrotask(() => stop.abort(stopped))
      }
    }
    await assert.rejects(reading(), stopped)
    assert.equal(given, 1)
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
    await assert.rejects(Array.fromAsync(read(stoppableWriter(hanging, stop.signal))), stopped)
  })

test('so does the question what is forgotten; what ends by itself is given whole', {
  timeout: 5_000,
}, async () => {
  const stop = new AbortController()
  const asking = stoppableWriter(hanging, stop.signal).forgottenUpToMs()
  stop.abort(new Error('stopped'))
  await assert.rejects(asking, /stopped/)
  const { signal } = new AbortController()
  async function* three() {
    yield* [1, 2, 3].map(i => ({ guid: `${i}`, createdAtSec: i }))
  }
  const guids = await Array.fromAsync(stoppableWriter(emptyWriter({ guids: three }), signal).guids(0))
  assert.deepEqual(guids, await Array.fromAsync(three()))
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})
