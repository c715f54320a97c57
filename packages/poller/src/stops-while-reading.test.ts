import { test } from 'node:test'
import { alterWriter } from './testing/alter-writer.ts'
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
