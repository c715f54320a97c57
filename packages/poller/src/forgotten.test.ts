import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alterWriter } from './testing/alter-writer.ts'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'

const dayMs = 24 * hourMs

/**
 * Goal: what the log has forgotten is not recorded again. Method: a log that says nothing of older windows, as a topic
 * does whose retention has passed them, and a row more in one of them, so that it is read again.
 */
test('rows of a window that the log has forgotten are not taken for new, and the window is called short', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  const oldUs = Math.floor(one.agoUs(10 * dayMs) / 300_000_000) * 300_000_000 + 1_000_000
  one.foundation.insert(Array.from({ length: 30 }, () => ({ createdAtUs: oldUs })))
  await one.started()
  await one.pass(10 * 60_000)
  await one.stop()
  const again: string[] = []
  alterWriter(one.log, real => ({
    async *guidsOf() {},
    publish: (entries, ...rest) => {
      for (const { guid, createdAtSec } of entries) if (createdAtSec === oldUs / 1e6) again.push(guid)
      return real.publish(entries, ...rest)
    },
  }))
  one.foundation.insert([{ createdAtUs: oldUs }])
  await one.started()
  await one.verifiedAgain(2)
  assert.deepEqual(again, [])
  const windows = await Array.fromAsync(one.log.ledger({}))
  const window = windows.find(({ fromSec }) => fromSec === oldUs / 1e6 - 1)
  assert.deepEqual([window?.state, window?.counted, window?.held], ['short', 31, 30])
})

test('a window that the log has forgotten is compared by its number, and says so; what is gone of it makes it short', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  const oldUs = Math.floor(one.agoUs(10 * dayMs) / 300_000_000) * 300_000_000 + 1_000_000
  const [first = '', second = ''] = one.foundation.insert(
    Array.from({ length: 30 }, () => ({ createdAtUs: oldUs })),
  )
  await one.started()
  await one.pass(10 * 60_000)
  await one.stop()
  alterWriter(one.log, () => ({ async *guidsOf() {} }))
  const windowNow = async () =>
    (await Array.fromAsync(one.log.ledger({}))).find(({ fromSec }) => fromSec === oldUs / 1e6 - 1)
  one.foundation.delete([first, second])
  await one.started()
  await one.verifiedAgain(2)
  const less = await windowNow()
  assert.deepEqual([less?.state, less?.counted, less?.held, less?.gone], ['short', 28, 30, 2])
  one.foundation.insert([{ createdAtUs: oldUs }, { createdAtUs: oldUs }])
  await one.verifiedAgain(2)
  const again = await windowNow()
  assert.deepEqual([again?.state, again?.counted, again?.gone], ['counted', 30, 0])
  const { ledger } = one.poller.status()
  assert.deepEqual([ledger?.windows.short, ledger?.countedOnly], [0, 1])
})
