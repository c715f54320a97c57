import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite.ts'
import { LogStorageError } from '../log-error.ts'
import { childPath } from './child-for-tests.ts'
import { type EmbeddedLog, openEmbeddedLog } from './embedded-log.ts'
import { skipWithout } from './peer-for-tests.ts'

let dir: string
let log: EmbeddedLog
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'log-reader-'))
  log = await openEmbeddedLog({ dir, clock: systemClock })
  await (await log.writer('lab')).publish(makeEntries(0, 2_500), 'c')
})
afterEach(async () => {
  await log.close()
  rmSync(dir, { recursive: true })
})

function countInOtherProcess(as: { uid?: number; gid?: number } = {}): string {
  const child = spawnSync(process.execPath, [childPath, 'count', dir], { encoding: 'utf8', ...as })
  return (child.stdout + child.stderr).trim()
}

test('another process reads beside the writer, and after it', async () => {
  assert.equal(countInOtherProcess(), '2500 events')
  await log.close()
  assert.equal(countInOtherProcess(), '2500 events')
})

test('the sqlite3 command reads guids beside the writer', async t => {
  if (skipWithout(t, 'sqlite3')) return
  const { stdout } = spawnSync('sqlite3', [join(dir, 'log.db'), 'SELECT guid FROM events'], {
    encoding: 'utf8',
  })
  assert.deepEqual(
    stdout.trim().split('\n'),
    makeEntries(0, 2_500).map(entry => entry.guid),
  )
})

test('a reader sees what was published after it was opened', async () => {
  const reader = await openEmbeddedLog({ dir, clock: systemClock, mode: 'read' })
  const writer = await log.writer('another')
  await writer.publish(makeEntries(0, 10), 'c')
  assert.equal((await Array.fromAsync(reader.events({ foundation: 'another' }))).length, 10)
  await reader.close()
})

test('a writer starts while a reader still looks at an older state, which keeps the file short', async () => {
  await log.close()
  const path = join(dir, 'log.db')
  const looking = new DatabaseSync(path, { readOnly: true })
  looking.exec('BEGIN; SELECT count(*) FROM events')
  const killed = new DatabaseSync(path)
  killed.exec(`INSERT INTO dead_letters VALUES (1, 'poller', 'lab', 'k', 'why', zeroblob(1000000), 1)`)
  killed.close()
  assert(statSync(`${path}-wal`).size > 1_000_000)
  log = await openEmbeddedLog({ dir, clock: systemClock })
  await (await log.writer('another')).publish(makeEntries(0, 10), 'c')
  assert.equal((await Array.fromAsync(log.events({}))).length, 2_510)
  looking.close()
})

test('a reader writes nothing', async () => {
  const reader = await openEmbeddedLog({ dir, clock: systemClock, mode: 'read' })
  const refused = (error: unknown) => error instanceof LogStorageError && error.kind === 'read-only'
  await assert.rejects(reader.writer('lab'), refused)
  assert.throws(() => reader.source('siem', { batchMax: 1 }), refused)
  await assert.rejects(reader.prune({ forgetGuidsAfterSec: 1 }, 1), refused)
  await assert.rejects(reader.forgetSink('siem'), refused)
  await reader.close()
})

test('a user who may only read reads beside the writer, and after it', async t => {
  if (process.getuid?.() !== 0) {
    t.skip('to become another user the tests must run as root')
    return
  }
  const nobody = { uid: 65_534, gid: 65_534 }
  const probe = spawnSync(
    process.execPath,
    ['-e', `require('node:fs').readFileSync(${JSON.stringify(childPath)})`],
    nobody,
  )
  if (probe.status !== 0) {
    t.skip('this checkout is not readable by other users')
    return
  }
  assert.match(
    countInOtherProcess(nobody),
    /LogStorageError: .*cannot be opened/,
    'by default nobody else may look',
  )
  chmodSync(dir, 0o755)
  for (const name of ['log.db', 'log.db-wal', 'log.db-shm']) chmodSync(join(dir, name), 0o644)
  assert.equal(countInOtherProcess(nobody), '2500 events')
  await log.close()
  assert.equal(countInOtherProcess(nobody), '2500 events', 'without -shm, which this user could not make')
})
