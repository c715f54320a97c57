import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createScrubber } from '@cf-audit-drain/event'
import type { LedgerWindow } from '@cf-audit-drain/log'
import { manualClock } from '@cf-audit-drain/pipeline'
import { Recorder } from './recorder.ts'
import { alterWriter } from './testing/alter-writer.ts'
import { emptyWriter } from './testing/empty-writer.ts'
import { ledgerFaults } from './testing/ledger-audit.ts'
import { hourMs, nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'
import { withoutLedger } from './testing/without-ledger.ts'

const dayMs = 24 * hourMs

test('a log from before there was a ledger gets one: built from what it holds, then closed by one count', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  one.foundation.insert(
    Array.from({ length: 4_000 }, (_, i) => ({ createdAtUs: one.agoUs(hourMs + i * 10 * 60_000) })),
  )
  const withLedger = withoutLedger(one.log)
  await one.started()
  await one.pass(30 * 60_000)
  assert.deepEqual(await Array.fromAsync(one.log.ledger({})), [])
  await one.stop()
  one.log.writer = withLedger
  const [gone] = one.foundation.shown().filter(({ createdAtUs }) => createdAtUs < one.agoUs(20 * dayMs))
  one.foundation.delete([gone?.guid ?? ''])
  const [late] = one.foundation.insert([{ createdAtUs: one.agoUs(5 * dayMs) }])
  await one.started()
  assert.ok((await Array.fromAsync(one.log.ledger({}))).some(({ state }) => state === 'open'))
  assert.deepEqual(await ledgerFaults(one.log), [])
  await one.verifiedAgain(3)
  assert.deepEqual(await one.differences(), nothingWrong)
  assert.ok((await one.guids()).includes(late ?? ''))
  assert.deepEqual(await ledgerFaults(one.log), [])
  const windows = await Array.fromAsync(one.log.ledger({}))
  const { tailFromSec = 0, unread = [] } = one.poller.status().checkpoint ?? {}
  const settledSec = unread[0]?.fromSec ?? tailFromSec
  assert.deepEqual(
    windows.filter(({ state, toSec }) => state === 'open' && toSec <= settledSec),
    [],
  )
  assert.deepEqual(
    windows.filter(({ state }) => state === 'short').map(({ gone }) => gone),
    [1],
  )
  assert.ok(one.verified.every(({ requests }) => requests < 50))
})

test('two windows of an older log whose sums make up for each other are not called closed', async t => {
  const one = await PolledFoundation.make(t, { pollIntervalMs: 60_000 })
  one.foundation.insert(
    Array.from({ length: 400 }, (_, i) => ({ createdAtUs: one.agoUs(hourMs + i * 10 * 60_000) })),
  )
  const withLedger = withoutLedger(one.log)
  await one.started()
  await one.pass(30 * 60_000)
  await one.stop()
  one.log.writer = withLedger
  const noon = Math.floor(one.agoUs(2 * dayMs) / 1e6)
  const [gone] = one.foundation.shown().filter(({ createdAtUs }) => createdAtUs / 1e6 < noon)
  one.foundation.delete([gone?.guid ?? ''])
  const [missing = ''] = one.foundation.insert([{ createdAtUs: (gone?.createdAtUs ?? 0) + 900_000_000 }])
  const closedUnseen: LedgerWindow[] = []
  alterWriter(one.log, real => ({
    publish: (entries, next, letters, beside = {}) => {
      const { windows = [] } = beside
      closedUnseen.push(...windows.filter(({ state, digest }) => state === 'closed' && digest === null))
      return real.publish(entries, next, letters, beside)
    },
  }))
  await one.started()
  await one.verifiedAgain(2)
  assert.ok((await one.guids()).includes(missing), 'what is missing is found')
  assert.deepEqual(
    one.gone.flatMap(({ guids }) => guids),
    [gone?.guid],
  )
  assert.deepEqual(closedUnseen, [], 'nothing was called closed by its number alone')
  assert.equal(one.poller.status().ledger?.countedOnly, 0)
  assert.deepEqual(await ledgerFaults(one.log), [])
})

test('what may be forgotten is what was passed up to ten minutes after the last that was removed, in the clock of Cloud Controller', async () => {
  const recorder = new Recorder(
    {
      foundation: 'test',
      writer: emptyWriter({ forgottenUpToMs: async () => 5_000_500 }),
      scrubber: createScrubber({ key: Buffer.alloc(32, 7) }),
      clock: manualClock(),
    },
    {
      ...{ startSec: 0, baselineSec: 0, tailFromSec: 20_000, settledSec: 0, closedWindows: 0, writtenMs: 0 },
      unread: [{ fromSec: 2_000, toSec: 3_000 }],
    },
    0,
  )
  await recorder.buildLedger(0, 60_000)
  assert.deepEqual(recorder.checkpoint.forgotten, [
    { fromSec: 0, toSec: 2_000 },
    { fromSec: 3_000, toSec: 5_661 },
  ])
})
