import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LedgerSummary, ledgerWindowSec } from '@cf-audit-drain/log'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

const minuteMs = 60_000
const dayMs = 24 * hourMs

async function verdictOf(one: PolledFoundation) {
  const summary = new LedgerSummary(ledgerWindowSec)
  for await (const window of one.log.ledger({})) summary.add(window)
  return summary.verdict(Math.floor(one.clock.now() / 1000))
}

test('after a backfill every window of the past is closed, with digest and places, the empty ones too', async t => {
  const one = await PolledFoundation.make(t)
  const random = seededRandom(7)
  one.foundation.insert(
    Array.from({ length: 6_000 }, () => ({ createdAtUs: one.agoUs(random() ** 2 * 3 * dayMs) })),
  )
  await one.started()
  await one.pass(12 * minuteMs)
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.deepEqual(await ledgerFaults(one.log), [])
  const { windows, completeUpToSec, held } = await verdictOf(one)
  assert.equal(windows.short, 0)
  assert.ok(windows.closed >= (3 * dayMs) / 300_000 - 3, `${windows.closed} windows are closed`)
  assert.ok(windows.open <= 3, `${windows.open} windows are open`)
  assert.ok((completeUpToSec ?? 0) * 1000 > one.clock.now() - 15 * minuteMs)
  assert.equal(held, 6_000)
  for await (const window of one.log.ledger({}))
    if (window.state === 'closed') assert.match(window.digest ?? '', /^[0-9a-f]{64}$/)
})

test('events that come late change the window they are of, in the publish that brings them', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  await one.started()
  one.foundation.insert([{}, {}])
  const [late] = one.foundation.insert([{ visibleAtMs: one.clock.now() + 2 * hourMs }])
  await one.pass(20 * minuteMs)
  const lateSec = Math.floor((one.clock.now() - 20 * 1.1 * minuteMs) / 1000)
  const windowOf = async () =>
    (await Array.fromAsync(one.log.ledger({}))).find(
      ({ fromSec, toSec }) => fromSec <= lateSec && lateSec < toSec,
    )
  const before = await windowOf()
  assert.deepEqual([before?.state, before?.counted, before?.held], ['closed', 2, 2])
  for (let i = 0; i < 24; i++) {
    await one.pass(10 * minuteMs)
    // Before a later sweep could mend it.
    assert.deepEqual(await ledgerFaults(one.log), [])
  }
  assert.ok((await one.guids()).includes(late ?? ''))
  const after = await windowOf()
  assert.deepEqual([after?.state, after?.counted, after?.held], ['re-checked', 3, 3])
  assert.deepEqual(await ledgerFaults(one.log), [])
})
