import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { letter, makeEntries } from '../contract-suite/made-up-entries.ts'
import { LogStorageError } from '../log-error.ts'
import { checkEmbeddedLog } from './check-embedded-log.ts'
import { childPath } from './child-for-tests.ts'
import { openEmbeddedLog } from './embedded-log.ts'

test('a full disk refuses a publish whole, says so, and the log goes on when there is room again', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'log-full-'))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', dir]).status !== 0) {
    rmSync(dir, { recursive: true })
    t.skip('a small tmpfs cannot be mounted here: run the tests as root')
    return
  }
  try {
    const log = await openEmbeddedLog({ dir, clock: systemClock })
    let writer = await log.writer('lab')
    const bytes = new Uint8Array(450).fill(1)
    const batch = (n: number) => makeEntries(n * 200, 200).map(entry => ({ ...entry, bytes }))
    let acknowledged = 0
    await assert.rejects(
      async () => {
        for (;;) {
          await writer.publish(batch(acknowledged), `batch ${acknowledged}`)
          acknowledged++
        }
      },
      (error: unknown) => {
        assert(error instanceof LogStorageError, String(error))
        assert.equal(error.kind, 'full')
        assert.match(error.message, /disk is full.*Make room/)
        return true
      },
    )
    assert(acknowledged > 10, `${acknowledged} batches`)
    await assert.rejects(writer.publish([], 'x'), /out of service/)
    await writer.close()
    const refused = [letter('refused', { raw: new Uint8Array(1_000_000) })]
    await assert.rejects(log.bury(refused), LogStorageError)
    assert.equal((await Array.fromAsync(log.events({}))).length, acknowledged * 200, 'reading goes on')

    execFileSync('mount', ['-o', 'remount,size=32m', dir])
    writer = await log.writer('lab')
    assert.equal(writer.checkpoint, `batch ${acknowledged - 1}`)
    assert.equal((await writer.publish(batch(acknowledged), 'room')).published, 200)
    await log.bury(refused)
    assert.equal((await log.deadLetters(9)).length, 1)
    await log.close()
    const report = await checkEmbeddedLog(dir)
    assert.deepEqual(report.problems, [])
    assert.equal(report.events, (acknowledged + 1) * 200)
  } finally {
    execFileSync('umount', ['-l', dir])
    rmSync(dir, { recursive: true })
  }
})

test('at the file-size limit of the process a publish is refused whole, and the log stays sound', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'log-limit-'))
  try {
    const said = execFileSync(
      'sh',
      ['-c', `ulimit -f 8000; exec "$0" "$@"`, process.execPath, childPath, 'fill', dir],
      { encoding: 'utf8' },
    )
    const [name, kind, batch] = said.trim().split(' ')
    assert.deepEqual([name, kind], ['LogStorageError', 'io'], said)
    const log = await openEmbeddedLog({ dir, clock: systemClock })
    const writer = await log.writer('lab')
    const checkpoint = JSON.parse(writer.checkpoint ?? '{}')
    assert.equal(checkpoint.batch, Number(batch))
    assert.equal((await Array.fromAsync(log.events({}))).length, checkpoint.total)
    await log.close()
    assert.deepEqual((await checkEmbeddedLog(dir)).problems, [])
  } finally {
    rmSync(dir, { recursive: true })
  }
})
