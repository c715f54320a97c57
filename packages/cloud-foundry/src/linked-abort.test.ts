import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { orAborted } from '@cf-audit-drain/pipeline'

/** Runs a program that must end by itself; an unhandled rejection gives it status 1. */
async function run(program: string): Promise<{ readonly status: unknown; readonly said: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  const [status] = await once(child, 'close')
  return { status, said }
}

const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)

test('an aborted signal wins over a promise that has settled, and one that aborts over one that hangs', async () => {
  const reason = new Error('stop')
  await assert.rejects(orAborted(Promise.resolve(1), AbortSignal.abort(reason)), error => error === reason)
  const stop = new AbortController()
  const waiting = orAborted(Promise.withResolvers<never>().promise, stop.signal)
  stop.abort(reason)
  await assert.rejects(waiting, error => error === reason)
})

test('a promise that rejects after the abort does not end the process', async () => {
  const { status, said } = await run(`
    import { orAborted } from ${from('../../pipeline/src/or-aborted.ts')}
    for (const signal of [AbortSignal.abort(new Error('stop')), new AbortController().signal]) {
      const { promise, reject } = Promise.withResolvers()
      const stopped = orAborted(promise, signal).catch(error => console.log(error.message))
      setImmediate(() => reject(new Error('late')))
      await stopped
    }
    setImmediate(() => console.log('alive'))
  `)
  assert.equal(said, 'stop\nlate\nalive\n')
  assert.equal(status, 0)
})

test('an abort while the CA file is looked at does not end the process', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cf-audit-drain-ca-'))
  try {
    const caFile = join(dir, 'ca.pem')
    await writeFile(caFile, rootCertificates[0] ?? '')
    // exchange() has asked for the file's stat when it returns, and no answer can come before the abort.
    const { status, said } = await run(`
      import { systemClock } from ${from('../../pipeline/src/clock.ts')}
      import { Connections } from ${from('./connections.ts')}
      import { exchange } from ${from('./exchange.ts')}
      import { Trust } from ${from('./trust.ts')}
      const caFile = ${JSON.stringify(caFile)}
      const connections = new Connections({ trust: new Trust(caFile, console.log), connectionsMax: 2, connectTimeoutMs: 2000, env: {} })
      const stop = new AbortController()
      const asked = exchange(
        { end: 'Cloud Controller', method: 'GET', base: new URL('https://127.0.0.1:9'), path: '/', headers: {}, requestId: '1' },
        {
          foundation: 'prod', connections, clock: systemClock, caFile,
          limits: { requestTimeoutMs: 2000, standstillMs: 2000, bodyBytesMax: 1000 },
        },
        stop.signal,
      )
      stop.abort(new Error('stop'))
      await asked.catch(error => console.log(error.message))
      setImmediate(() => connections.close().then(() => console.log('alive')))
    `)
    assert.equal(said, 'stop\nalive\n')
    assert.equal(status, 0)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
