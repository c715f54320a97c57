import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite.ts'
import { checkEmbeddedLog } from './check-embedded-log.ts'
import { type EmbeddedLog, openEmbeddedLog } from './embedded-log.ts'

const never = new AbortController().signal
const bytes = new Uint8Array(450).fill(1)
let dir: string
let log: EmbeddedLog
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'log-retention-'))
  log = await openEmbeddedLog({ dir, clock: systemClock, synchronous: 'normal' })
})
afterEach(async () => {
  await log.close()
  rmSync(dir, { recursive: true })
})

async function fillAndDeliver(count: number, delivered: number): Promise<void> {
  const writer = await log.writer('lab')
  await writer.publish(
    makeEntries(0, count).map(entry => ({ ...entry, bytes })),
    'c',
  )
  await writer.close()
  const source = log.source('siem', { batchMax: delivered })
  await source.connect(never)
  await (await source.read(never))?.settle()
  await source.close()
}

test('the file itself comes under the size that was set', async () => {
  await fillAndDeliver(20_000, 15_000)
  const maxBytes = 6_000_000
  let pruned = 0
  for (;;) {
    const step = await log.prune({ maxBytes, forgetGuidsAfterSec: 1e9 }, 0)
    assert(step.pruned <= 2_500, 'the work of one call is bounded')
    pruned += step.pruned
    if (step.pruned === 0) break
  }
  assert(pruned > 5_000 && pruned < 15_000, `${pruned} payloads were pruned`)
  await log.close()
  assert(
    statSync(join(dir, 'log.db')).size <= maxBytes + 500_000,
    `${statSync(join(dir, 'log.db')).size} bytes`,
  )
  const report = await checkEmbeddedLog(dir)
  assert.deepEqual(report.problems, [])
  assert.deepEqual([report.events, report.tombstones], [20_000 - pruned, pruned])
})

test('a size that cannot be met takes what was delivered and no more', async () => {
  await fillAndDeliver(3_000, 2_000)
  for (let i = 0; i < 5; i++) await log.prune({ maxBytes: 1, forgetGuidsAfterSec: 1e9 }, 0)
  assert.equal((await Array.fromAsync(log.events({}))).length, 1_000)
  assert.equal((await log.positions())[0]?.lag, 1_000)
})

test('a sink that is gone is forgotten by name, and holds nothing back then', async () => {
  await fillAndDeliver(100, 100)
  const gone = log.source('gone', { batchMax: 1 })
  await gone.connect(never)
  await assert.rejects(log.forgetSink('gone'), /close its source first/)
  await gone.close()
  assert.deepEqual(await log.sinkNames(), ['gone', 'siem'])
  assert.equal((await log.prune({ maxAgeMs: 0, forgetGuidsAfterSec: 1e9 }, 4e12)).pruned, 0)
  assert.equal(await log.forgetSink('gone'), true)
  assert.equal(await log.forgetSink('gone'), false)
  assert.equal((await log.prune({ maxAgeMs: 0, forgetGuidsAfterSec: 1e9 }, 4e12)).pruned, 100)
})

test('pruning and forgetting all of many events keeps the index of guids in step', async () => {
  await fillAndDeliver(10_000, 10_000)
  for (let i = 0; i < 20; i++) await log.prune({ maxAgeMs: 0, forgetGuidsAfterSec: 1 }, 4e12)
  const report = await checkEmbeddedLog(dir)
  assert.deepEqual(report.problems, [])
  assert.deepEqual([report.events, report.tombstones, report.newestOffset], [0, 0, 10_000])
  await log.close()
  assert(statSync(join(dir, 'log.db')).size < 500_000, 'the file has shrunk')
  log = await openEmbeddedLog({ dir, clock: systemClock })
  assert.equal((await (await log.writer('lab')).publish(makeEntries(0, 5), 'd')).published, 5)
  assert.equal((await Array.fromAsync(log.events({})))[0]?.offset, 10_001)
})

test('with no age to forget guids at, none is forgotten', async () => {
  await fillAndDeliver(3_000, 3_000)
  for (let i = 0; i < 5; i++)
    await log.prune({ maxBytes: 1, forgetGuidsAfterSec: Number.POSITIVE_INFINITY }, 1e15)
  await log.close()
  const { events, tombstones } = await checkEmbeddedLog(dir)
  assert.deepEqual([events, tombstones], [0, 3_000])
})
