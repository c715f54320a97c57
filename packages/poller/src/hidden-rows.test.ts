import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingOf } from '@cf-audit-drain/log'
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

/** What was deleted lies in windows beside those that hide a row, in the same, and far away. */
for (let seed = 1; seed <= 5; seed++)
  test(`rows that are deleted beside hidden ones are each missed, and then a verification costs what it did (seed ${seed})`, async t => {
    const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
    const random = seededRandom(seed)
    const rows = Array.from({ length: 600 }, (_, i) => ({
      guid: `row-${i}`,
      createdAtUs: Math.floor(one.agoUs((1 + random() * 30) * hourMs)),
    }))
    one.foundation.insert(rows)
    await one.started()
    await one.verifiedAgain(2)
    const hidden = Array.from({ length: 4 }, (_, i) => ({
      guid: `hidden-${i}`,
      createdAtUs: Math.floor(one.agoUs((1 + random() * 30) * hourMs)),
    }))
    one.foundation.countOnly(hidden.map(({ guid }) => guid))
    one.foundation.insert(hidden)
    await one.verifiedAgain(3)
    const windowOf = ({ createdAtUs }: { readonly createdAtUs: number }) =>
      Math.floor(createdAtUs / 1e6 / windowSec) * windowSec
    const near = rows.filter(row =>
      hidden.some(other => Math.abs(windowOf(row) - windowOf(other)) <= 4 * windowSec),
    )
    const deleted = [...near.filter(() => random() < 0.6), ...rows.filter(() => random() < 0.01)]
    one.foundation.delete([...new Set(deleted.map(({ guid }) => guid))])
    await one.verifiedAgain(5)
    const gone = Map.groupBy(new Set(deleted), windowOf)
    for (const window of await Array.fromAsync(one.log.ledger({}))) {
      const of = (all: readonly { readonly createdAtUs: number }[]) =>
        all.filter(row => windowOf(row) === window.fromSec).length
      const expected = [gone.get(window.fromSec)?.length ?? 0, of(hidden)]
      assert.deepEqual([window.gone, missingOf(window)], expected, `window ${window.fromSec}`)
    }
    assert.equal(one.poller.status().ledger?.missing, hidden.length)
    // A count of all, one of each window that is short for the first hour (three at once), and looks for the clean-up.
    await one.verifiedAgain(1)
    assert.ok((one.verified.at(-1)?.requests ?? 0) <= 12, JSON.stringify(one.verified.at(-1)))
  })
