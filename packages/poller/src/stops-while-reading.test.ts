import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyWindow } from '@cf-audit-drain/log'
import { HeldRows } from './held-rows.ts'
import { Ledger } from './ledger.ts'
import { alterWriter } from './testing/alter-writer.ts'
import { PolledFoundation } from './testing/polled-foundation.ts'
import { dayMs, minuteMs, shownGuids, watchedSource } from './testing/watched-source.ts'

test('a poller stops while the events of a window are read that may lie far apart in the log', {
  timeout: 60_000,
}, async t => {
  const one = await watchedSource(t, { days: 3, everyMin: 10 })
  await one.stop()
  let reads = 0
  const read = Promise.withResolvers<void>()
  alterWriter(one.log, real => ({
    async *eventsOf(window) {
      reads++
      await read.promise
      yield* real.eventsOf(window)
    },
  }))
  await one.started()
  one.foundation.delete(shownGuids(one, ago => ago > 2 * dayMs && ago < 2.02 * dayMs))
  await one.until(() => reads > 0 || one.passCalmly(minuteMs).then(() => false))
  let isStopped = false
  const stopped = one.stop().then(() => {
    isStopped = true
  })
  await one.until(() => isStopped, 5_000).finally(() => read.resolve())
  await stopped
})

/** Dead letters of others for as long as anybody reads. */
async function* noneOfOurs(ended = new Promise<void>(() => undefined)): AsyncGenerator<never> {
  await ended
}

test('a poller stops while the dead letters are looked through that others have buried, at its start', {
  timeout: 10_000,
}, async t => {
  const one = await PolledFoundation.make(t)
  let reads = 0
  const read = Promise.withResolvers<void>()
  one.log.lettersOf = () => {
    reads++
    return noneOfOurs(read.promise)
  }
  one.start().catch(() => undefined)
  await one.until(() => reads > 0)
  let isStopped = false
  const stopped = one.stop().then(() => {
    isStopped = true
  })
  await one.until(() => isStopped, 5_000).finally(() => read.resolve())
  await stopped
})

for (const read of ['names', 'ledger', 'guids', 'uncounted'])
  test(`a poller stops while its log does not answer what it asks at its start (${read})`, {
    timeout: 10_000,
  }, async t => {
    const one = await PolledFoundation.make(t)
    one.foundation.insert([{}])
    await one.started()
    await one.stop()
    let reads = 0
    const ended = Promise.withResolvers<void>()
    async function* hangs(): AsyncGenerator<never> {
      reads++
      yield* noneOfOurs(ended.promise)
    }
    alterWriter(one.log, () => ({ isAtomic: false, [read]: hangs }))
    one.start().catch(() => undefined)
    await one.until(() => reads > 0)
    let isStopped = false
    const stopped = one.stop().then(() => {
      isStopped = true
    })
    await one.until(() => isStopped, 5_000).finally(() => ended.resolve())
    await stopped
  })

test('nor is it kept by them when it looks for what was lost', { timeout: 5_000 }, async () => {
  const ending = new AbortController()
  const recorder = { eventsOf: async function* () {}, ledger: new Ledger(0) }
  const rows = new HeldRows({
    ...{ recorder, foundation: 'f', log: { lettersOf: () => noneOfOurs() }, due: new Set([0]) },
    ...{ isTold: () => false, leftOut: () => undefined, signal: ending.signal },
  })
  const reading = rows.in({ ...emptyWindow({ fromSec: 0, toSec: 300 }), held: 1 })
  ending.abort(new Error('the session is over'))
  await assert.rejects(reading, /the session is over/)
})
