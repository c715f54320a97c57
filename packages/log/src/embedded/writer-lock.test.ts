import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { LogInUseError } from '../log-error.ts'
import { childPath } from './child-for-tests.ts'
import { openEmbeddedLog } from './embedded-log.ts'

let dir: string
const children: ChildProcess[] = []
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'log-lock-')), 'data')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(join(dir, '..'), { recursive: true })
})

function run(role: string): string {
  return execFileSync(process.execPath, [childPath, role, dir], { encoding: 'utf8' }).trim()
}

async function hold(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--expose-gc', childPath, 'hold', dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  assert(child.stdout !== null)
  await once(child.stdout, 'data')
  return child
}

test('a second writer in the same process is refused, and one after the first is welcome', async () => {
  const first = await openEmbeddedLog({ dir, clock: systemClock })
  await assert.rejects(openEmbeddedLog({ dir, clock: systemClock }), (error: unknown) => {
    assert(error instanceof LogInUseError)
    assert.equal(error.pid, process.pid)
    assert.match(error.message, new RegExp(`process ${process.pid} on ${hostname()} writes this log`))
    return true
  })
  assert.match(
    run('tryToWrite'),
    /LogInUseError/,
    'the refused opening has not dropped the lock of the first',
  )
  await first.close()
  const second = await openEmbeddedLog({ dir, clock: systemClock })
  await second.close()
})

test('readers that come and go in the writing process do not drop its lock', async () => {
  const writing = await openEmbeddedLog({ dir, clock: systemClock })
  for (let i = 0; i < 3; i++) await (await openEmbeddedLog({ dir, clock: systemClock, mode: 'read' })).close()
  assert.match(run('tryToWrite'), /LogInUseError/)
  const writer = await writing.writer('lab')
  await writer.publish([], 'c')
  assert.equal(run('count'), '0 events')
  await writing.close()
})

test('a second writing process is told the pid and host of the first; a kill -9 frees the lock', async () => {
  const child = await hold()
  await assert.rejects(openEmbeddedLog({ dir, clock: systemClock }), (error: unknown) => {
    assert(error instanceof LogInUseError)
    assert.equal(error.pid, child.pid)
    assert.equal(error.host, hostname())
    return true
  })
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  assert.equal(JSON.parse(readFileSync(join(dir, 'writer.json'), 'utf8')).pid, process.pid)
  await log.close()
})

test('the directory is 0700 and the files 0600', async () => {
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  await (await log.writer('lab')).publish([], 'c')
  const mode = (name: string) => (statSync(join(dir, name)).mode & 0o777).toString(8)
  assert.equal(mode('.'), '700')
  for (const name of ['log.db', 'log.db-wal', 'log.db-shm', 'writer.lock', 'writer.json'])
    assert.equal(mode(name), '600', name)
  await log.close()
})
