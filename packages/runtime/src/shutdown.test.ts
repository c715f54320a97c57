import assert from 'node:assert/strict'
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exitCodes } from './exit-codes.ts'

const main = fileURLToPath(new URL('../testdata/main.ts', import.meta.url))

type Child = ChildProcessByStdio<null, Readable, Readable>

/** Runs the main, calls `then` when it is ready, and gives its end. */
async function end(
  kind: string,
  then: (child: Child, said: (line: string) => Promise<void>) => unknown = () => {},
) {
  const child = spawn(process.execPath, [main, kind], { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close') as Promise<[number | null, string | null]>
  let out = ''
  child.stdout.setEncoding('utf8').on('data', chunk => {
    out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', chunk => {
    out += chunk
  })
  const said = async (line: string) => {
    while (!out.includes(line))
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), closed])
  }
  try {
    await said('ready')
    await then(child, said)
    const [code] = await closed
    return { code, out }
  } finally {
    child.kill('SIGKILL')
  }
}

test('work that returns ends with 0, or with the code it gives', async () => {
  assert.equal((await end('returns')).code, 0)
  assert.equal((await end('code')).code, 3)
})

test('work that throws ends with 1, or with the code of its error, and says why', async () => {
  const broken = await end('throws')
  assert.deepEqual([broken.code, /it broke/.test(broken.out)], [1, true])
  assert.equal((await end('log-error')).code, 4)
})

test('what was printed is whole for a reader that takes it only after the work has ended', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'shutdown-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { closed, reader } = await printing(folder)
  const whole = await reader.readFile('utf8')
  assert.equal(whole.length, 'ready\n'.length + 73_000)
  assert.deepEqual(await closed, [3, null])
  await reader.close()
})

/** A process that has printed more than a pipe holds, and nobody has read of it. */
async function printing(folder: string) {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const line = 'exec "$0" "$1" prints > "$2"'
  const child = spawn('sh', ['-c', line, process.execPath, main, pipe], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const closed = once(child, 'close')
  const reader = await open(pipe)
  await once(child.stderr, 'data')
  return { child, closed, reader }
}

test('a signal ends a process whose work is done and whose reader takes nothing, with the code of the work', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'shutdown-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { child, closed, reader } = await printing(folder)
  child.kill('SIGTERM')
  assert.deepEqual(await closed, [3, null])
  await reader.close()
})

test('an error nobody caught is logged and ends with 1', async () => {
  for (const kind of ['rejects', 'uncaught']) {
    const { code, out } = await end(kind)
    assert.equal(code, 1, kind)
    assert.match(out, /"level":"fatal".*nobody caught me/)
  }
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} lets the work settle and ends with 0`, async () => {
    const { code, out } = await end('settles', child => child.kill(signal))
    assert.equal(code, 0)
    assert.match(out, /settled/)
  })
}

test('work that ends with the reason of the signal ends with 0', async () => {
  assert.equal((await end('waits-for-signal', child => child.kill('SIGTERM'))).code, 0)
})

test('work that does not settle in time is ended with 1', async () => {
  const { code, out } = await end('hangs', child => child.kill('SIGTERM'))
  assert.equal(code, 1)
  assert.match(out, /did not settle in time/)
  assert.match(out, /"waitingFor":\[/)
})

test('a second signal ends at once', async () => {
  for (const [signal, expected] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    const { code } = await end('ignores', async (child, said) => {
      child.kill(signal)
      await said('more than a second later')
      child.kill(signal)
    })
    assert.equal(code, expected)
  }
})

test('two signals within a second are one wish: the work settles', async () => {
  const { code, out } = await end('settles-late', async (child, said) => {
    child.kill('SIGTERM')
    await said('settling what is in hand')
    child.kill('SIGTERM')
    child.kill('SIGINT')
  })
  assert.equal(code, 0, out)
  assert.match(out, /settled/)
})

test('every exit code is in the reference', () => {
  const page = readFileSync(new URL('../../../docs/reference/exit-codes.md', import.meta.url), 'utf8')
  const documented = [...page.matchAll(/^\| (\d+) +\|/gm)].map(match => Number(match[1]))
  assert.deepEqual(documented, Object.values(exitCodes))
})
