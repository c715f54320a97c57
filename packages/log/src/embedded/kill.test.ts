import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { checkEmbeddedLog } from './check-embedded-log.ts'
import { type ChildCheckpoint, childPath } from './child-for-tests.ts'
import { openEmbeddedLog } from './embedded-log.ts'
import { skipWithout } from './peer-for-tests.ts'

const root = mkdtempSync(join(tmpdir(), 'log-kill-'))
const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(root, { recursive: true })
})

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [childPath, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

function sqlite3(dir: string, sql: string): string {
  return execFileSync('sqlite3', [join(dir, 'log.db'), sql], { encoding: 'utf8' }).trim()
}

test('kill -9 at twenty moments: events and checkpoint agree, says the sqlite3 command', async t => {
  if (skipWithout(t, 'sqlite3')) return
  const dir = join(root, 'rounds')
  const seed = 20_261_122
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  let before = 0
  for (let round = 0; round < 20; round++) {
    const child = start('write', dir, String(seed + round))
    assert(child.stdout !== null)
    let acknowledged = before
    const lines = createInterface(child.stdout)
    lines.on('line', line => {
      acknowledged = Number(line.split(' ')[1])
    })
    await once(lines, 'line')
    await systemClock.sleep(random() * 80)
    const drained = once(lines, 'close')
    await kill(child)
    await drained

    const copy = join(root, `copy-${round}`)
    cpSync(dir, copy, { recursive: true })
    const checkpoint = JSON.parse(sqlite3(copy, 'SELECT checkpoint FROM checkpoints')) as ChildCheckpoint
    const where = `seed ${seed} round ${round}`
    assert(
      checkpoint.batch === acknowledged || checkpoint.batch === acknowledged + 1,
      `${where}: ${checkpoint.batch}, acknowledged ${acknowledged}`,
    )
    assert.equal(
      sqlite3(
        copy,
        'SELECT count(*), count(DISTINCT guid), max(offset), (SELECT sum(count) FROM tallies) FROM events',
      ),
      Array(4).fill(checkpoint.total).join('|'),
      where,
    )
    assert.equal(
      sqlite3(copy, 'SELECT guid FROM events ORDER BY offset DESC LIMIT 1'),
      checkpoint.guid,
      where,
    )
    assert.equal(
      sqlite3(copy, 'SELECT count(*) FROM cursors, log_state WHERE offset > last_offset'),
      '0',
      where,
    )
    assert.equal(sqlite3(copy, 'PRAGMA integrity_check'), 'ok', where)
    rmSync(copy, { recursive: true })
    before = checkpoint.batch
  }
  t.diagnostic(`${before} batches acknowledged`)
  assert.deepEqual((await checkEmbeddedLog(dir)).problems, [])
})

test('kill -9 during the first start leaves a log or none, and the next start succeeds', async t => {
  const seed = 7
  t.diagnostic(`seed ${seed}`)
  const random = seededRandom(seed)
  let found = 0
  for (let round = 0; round < 20; round++) {
    const dir = join(root, `first-${round}`)
    const child = start('hold', dir)
    // The lock file is the first thing a start leaves; from then on every moment is as good.
    for (let waited = 0; !existsSync(join(dir, 'writer.lock')) && waited < 10_000; waited++)
      await systemClock.sleep(1)
    await systemClock.sleep(random() * 40)
    await kill(child)
    if (existsSync(join(dir, 'log.db'))) found++
    const log = await openEmbeddedLog({ dir, clock: systemClock })
    await log.close()
    assert.deepEqual((await checkEmbeddedLog(dir)).problems, [], `seed ${seed} round ${round}`)
  }
  t.diagnostic(`${found} of 20 had completed the log`)
})
