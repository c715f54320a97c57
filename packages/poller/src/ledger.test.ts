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

test('a row without a readable stamp is counted where it stands among the others, not where the reading began', async t => {
  const one = await PolledFoundation.make(t)
  const rows = Array.from({ length: 100 }, (_, i) => ({ createdAtUs: one.agoUs(dayMs - i * 10 * minuteMs) }))
  const odd = (agoMs: number) => ({
    text: `{"guid":"odd-${agoMs}","created_at":"yesterday","type":"audit.app.update","data":{}}`,
    createdAtUs: one.agoUs(agoMs),
  })
  one.foundation.insert([...rows, odd(dayMs - 500 * minuteMs - 1_000), odd(dayMs - 700 * minuteMs - 1_000)])
  await one.started()
  await one.pass(12 * minuteMs)
  const there = Map.groupBy(one.foundation.shown(), row => Math.floor(row.createdAtUs / 300e6) * 300)
  for await (const { fromSec, counted, held } of one.log.ledger({})) {
    const rows = there.get(fromSec)?.length ?? 0
    assert.deepEqual([counted ?? rows, held], [rows, rows], new Date(fromSec * 1000).toISOString())
  }
})
