import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { hourMs, PolledFoundation } from './testing/polled-foundation.ts'

const windowSec = 300

for (const hiddenRows of [5, 40])
  test(`${hiddenRows} rows that come to be counted and are never shown are each named, in verifications that get further`, async t => {
    const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
    const random = seededRandom(7)
    const someTimeUs = () => Math.floor(one.agoUs((1 + random() * 40) * hourMs))
    one.foundation.insert(Array.from({ length: 900 }, () => ({ createdAtUs: someTimeUs() })))
    await one.started()
    await one.verifiedAgain(2)
    const hidden = Array.from({ length: hiddenRows }, (_, i) => ({
      guid: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      createdAtUs: someTimeUs(),
    }))
    one.foundation.countOnly(hidden.map(({ guid }) => guid))
    one.foundation.insert(hidden)
    const windows = new Set(
      hidden.map(({ createdAtUs }) => Math.floor(createdAtUs / 1e6 / windowSec) * windowSec),
    )
    await one.verifiedAgain(hiddenRows < 10 ? 2 : 9)
    const ledger = await Array.fromAsync(one.log.ledger({}))
    const short = ledger.filter(({ state }) => state === 'short').map(({ fromSec }) => fromSec)
    assert.deepEqual(new Set(short), windows)
    assert.equal(one.poller.status().ledger?.missing, hiddenRows)
    assert.ok(one.verified.every(({ requests }) => requests <= 80))
  })

test('a window that stays short is told when it becomes so, not each time, not after a restart; and when it is whole again', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  one.foundation.insert(Array.from({ length: 50 }, (_, i) => ({ createdAtUs: one.agoUs((i + 1) * hourMs) })))
  await one.started()
  const guids = ['one', 'two'].map(name => `${name}-hidden`)
  const createdAtUs = one.agoUs(20.5 * hourMs)
  one.foundation.countOnly(guids)
  one.foundation.insert(guids.map(guid => ({ guid, createdAtUs })))
  const fromSec = Math.floor(createdAtUs / 1e6 / windowSec) * windowSec
  const told = () => one.short.map(window => [window.fromSec, window.counted, window.held])
  await one.verifiedAgain(6)
  assert.deepEqual(told(), [[fromSec, 2, 0]])
  await one.stop()
  await one.started()
  await one.verifiedAgain(3)
  one.foundation.countOnly(['two-hidden'])
  await one.verifiedAgain(3)
  assert.deepEqual([told(), one.whole], [[[fromSec, 2, 0]], []])
  one.foundation.countOnly([])
  await one.verifiedAgain(3)
  assert.deepEqual(told(), [[fromSec, 2, 0]])
  assert.deepEqual(
    one.whole.map(window => [window.fromSec, window.counted, window.held]),
    [[fromSec, 2, 2]],
  )
})
