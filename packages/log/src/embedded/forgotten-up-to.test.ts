import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import { openEmbeddedLog } from './embedded-log.ts'

test('looking for what is forgotten among many tombstones lets others have their turn', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'forgotten-'))
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  t.after(async () => {
    await log.close()
    rmSync(dir, { recursive: true })
  })
  const writer = await log.writer('lab')
  await writer.publish(makeEntries(0, 6_000), 'all')
  const { signal } = new AbortController()
  const source = log.source('siem', { batchMax: 10_000 })
  await source.connect(signal)
  await (await source.read(signal))?.settle()
  const policy = { maxAgeMs: 0, forgetGuidsAfterSec: Number.MAX_SAFE_INTEGER }
  while ((await log.prune(policy, systemClock.now())).pruned > 0);
  let turns = 0
  setImmediate(() => turns++)
  assert.equal(await writer.forgottenUpToMs(), null)
  assert.equal(turns, 1)
})
