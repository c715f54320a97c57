import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntry } from '../contract-suite.ts'
import { openEmbeddedLog } from './embedded-log.ts'

const never = new AbortController().signal

test('a waiting read has its record within milliseconds of the publish', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'log-wake-'))
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  const source = log.source('siem', { batchMax: 10 })
  await source.connect(never)
  const writer = await log.writer('lab')
  const waitsMs: number[] = []
  for (let i = 0; i < 50; i++) {
    const waiting = source.read(never).then(delivery => ({ delivery, at: systemClock.monotonic() }))
    await writer.publish([makeEntry(i)], 'c')
    const published = systemClock.monotonic()
    const { delivery, at } = await waiting
    waitsMs.push(at - published)
    await delivery?.settle()
  }
  const median = waitsMs.toSorted((a, b) => a - b)[25] ?? 0
  t.diagnostic(`median ${median.toFixed(2)} ms after the publish returned`)
  assert(median < 10)
  await log.close()
  rmSync(dir, { recursive: true })
})

test('a batch of large records ends early, and nothing is left out', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'log-large-'))
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  const writer = await log.writer('lab')
  const bytes = new Uint8Array(5 * 1024 * 1024)
  for (let i = 0; i < 8; i++) await writer.publish([makeEntry(i, { bytes })], 'c')
  const source = log.source('siem', { batchMax: 1_000 })
  await source.connect(never)
  const sizes: number[] = []
  while (sizes.reduce((a, b) => a + b, 0) < 8) {
    const delivery = await source.read(never)
    sizes.push(delivery?.batch.length ?? 0)
    await delivery?.settle()
  }
  assert.deepEqual(sizes, [4, 4])
  await log.close()
  rmSync(dir, { recursive: true })
})
