import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Foundation, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { systemClock } from '@cf-audit-drain/pipeline'
import { PrintingReceiver } from './demo.ts'

/** The real command in a process of its own, as a user types it. */
const command = join(import.meta.dirname, '../bin/cf-audit-drain')

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function begin(args: readonly string[], env: Record<string, string> = {}) {
  const { PATH = '' } = process.env
  const child = spawn(command, [...args], { env: { PATH, ...env }, cwd: tmpdir() })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
  })
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, out, err }))
  return { child: child as ChildProcess, ended, out: () => out, err: () => err }
}

const runs = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  begin(args, env).ended

async function until(condition: () => boolean): Promise<void> {
  const giveUpMs = systemClock.monotonic() + 20_000
  while (!condition()) {
    assert.ok(systemClock.monotonic() < giveUpMs, `gave up waiting for ${condition}`)
    await systemClock.sleep(20)
  }
}

function temporary(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'command-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function foundationWith(t: TestContext, count: number) {
  const foundation = await startFoundation({})
  foundation.insert(
    Array.from({ length: count }, (_, i) => ({
      createdAtUs: (systemClock.now() - 86_400_000 + i * 1000) * 1000,
      actor: { guid: 'u-1', type: 'user', name: i % 2 ? 'bob@example.com' : 'eve@example.com' },
      target: { guid: `a-${i}`, type: 'app', name: `app-${i}` },
    })),
  )
  t.after(() => foundation.close())
  return foundation
}

async function receiverOf(t: TestContext) {
  const receiver = new PrintingReceiver(async () => undefined)
  const port = await receiver.listen()
  t.after(() => receiver.close())
  return { receiver, url: `syslog://127.0.0.1:${port}` }
}

function environment({ api, clientId, clientSecret }: Foundation, dir: string): Record<string, string> {
  return {
    CF_API: api,
    CF_CLIENT_ID: clientId,
    CF_CLIENT_SECRET: clientSecret,
    DATA_DIR: dir,
    HTTP_ADDRESS: '127.0.0.1:0',
  }
}

test('version names the pinned Node, help names every command', async () => {
  const { code, out } = await runs(['version'])
  assert.equal(code, 0)
  assert.match(out, /^cf-audit-drain 0\.1\.0 \(Node 26\./)
  const help = await runs(['help'])
  for (const name of ['start', 'check', 'events', 'version'])
    assert.match(help.out, new RegExp(`cf-audit-drain ${name}`))
})

test('what was typed wrongly is said with what can be typed, and exits with 2', async () => {
  const wrong = await runs(['begin'])
  assert.deepEqual([wrong.code, wrong.out], [2, ''])
  assert.match(wrong.err, /no command "begin".*start, check, events/)
  const option = await runs(['start', '--untill-caught-up'])
  assert.equal(option.code, 2)
  assert.match(option.err, /--untill-caught-up.*--until-caught-up/)
})

test('every fault of a configuration is said at once with its line, exits with 2, and nothing is connected', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 1)
  const file = join(dir, 'c.yaml')
  const yaml = `foundations:
  - name: EU One
    api: ${foundation.api}
    clientId: x
    clientSecret: \${NOT_SET}
    pollIntervall: 10s
sinks:
  - name: siem
    url: syslog://siem.example.com:99999
`
  writeFileSync(file, yaml)
  const { code, err } = await runs(['start', '--config', file, '--data-dir', join(dir, 'data')])
  assert.equal(code, 2)
  for (const [line, text] of [
    [2, 'name'],
    [5, 'NOT_SET'],
    [6, 'pollInterval'],
    [9, 'port'],
  ] as const)
    assert.match(err, new RegExp(`c\\.yaml:${line}:[0-9]+: .*[^]*${text}`))
  assert.equal(foundation.requests.total, 0)
  assert.equal(existsSync(join(dir, 'data')), false)
})

test('--until-caught-up ends with 0 when the sink has everything, and a second run sends nothing again', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 500)
  const { receiver, url } = await receiverOf(t)
  const env = { ...environment(foundation, dir), SINK_URL: url }
  const first = await runs(['start', '--until-caught-up'], env)
  assert.equal(first.code, 0, first.out)
  assert.equal(receiver.received, 500)
  foundation.insert([{ createdAtUs: systemClock.now() * 1000 }])
  assert.equal((await runs(['start', '--until-caught-up'], env)).code, 0)
  assert.equal(receiver.received, 501)
})

test('--dry-run prints what would be sent, sends nothing and makes no log', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 20)
  const { receiver, url } = await receiverOf(t)
  const { code, out } = await runs(['start', '--dry-run'], {
    ...environment(foundation, join(dir, 'data')),
    SINK_URL: url,
  })
  assert.equal(code, 0)
  assert.equal(
    out
      .trim()
      .split('\n')
      .filter(line => line.includes('CEF:0|')).length,
    20,
  )
  assert.equal(receiver.received, 0)
  assert.deepEqual(readdirSync(dir), [])
})

test('events finds by type, actor, target and time, while the poller writes', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 40)
  const running = begin(['start'], environment(foundation, dir))
  t.after(() => running.child.kill('SIGKILL'))
  await until(() => existsSync(join(dir, 'log.db')) && foundation.requests.rowsServed >= 40)
  const lines = async (...args: string[]) => {
    const { code, out, err } = await runs(['events', '--data-dir', dir, ...args])
    assert.equal(code, 0, err)
    return out.split('\n').filter(line => line !== '')
  }
  await until(() => /listening/.test(running.out()))
  assert.equal((await lines('--limit', '7')).length, 7)
  assert.equal((await lines('--actor', 'eve@example.com', '--type', 'audit.app.*')).length, 20)
  assert.match(
    (await lines('--target', 'app-3'))[0] ?? '',
    /^20.*Z {2}audit\.app\.update.*bob@example\.com.*app app-3/,
  )
  assert.equal((await lines('--since', '2h')).length, 0)
  const [json = ''] = await lines('--json', '--limit', '1')
  assert.equal(JSON.parse(json).target.name, 'app-39')
  const second = await runs(['start'], environment(foundation, dir))
  assert.equal(second.code, 4)
  assert.match(
    second.out,
    new RegExp(`${running.child.pid}`),
    'a second writer is refused and told who writes',
  )
})

test('SIGTERM settles what is in hand and exits with 0 within the deadline', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 10)
  const { url } = await receiverOf(t)
  const running = begin(['start'], { ...environment(foundation, dir), SINK_URL: url })
  await until(() => /listening/.test(running.out()))
  const startedMs = systemClock.monotonic()
  running.child.kill('SIGTERM')
  const { code } = await running.ended
  assert.equal(code, 0)
  assert.ok(systemClock.monotonic() - startedMs < 5_000)
})

test('check tries each end, says what works and what does not, and sends no event', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 3)
  const { receiver, url } = await receiverOf(t)
  const good = await runs(['check'], { ...environment(foundation, dir), SINK_URL: url })
  assert.equal(good.code, 0, good.out)
  for (const end of [
    'configuration',
    'log',
    'Cloud Controller',
    'UAA client',
    'audit events: 3 visible',
    'sink siem',
  ])
    assert.match(good.out, new RegExp(`ok    .*${end}`))
  assert.equal(receiver.received, 0)
  assert.deepEqual(readdirSync(dir), [])

  const bad = await runs(['check'], {
    ...environment(foundation, dir),
    CF_CLIENT_SECRET: 'wrong-secret',
    SINK_URL: 'syslog://127.0.0.1:1',
  })
  assert.equal(bad.code, 3)
  assert.match(bad.out, /FAIL {2}foundation .*UAA client.*cf-audit-drain/)
  assert.match(bad.out, /FAIL {2}sink siem .*127\.0\.0\.1:1/)
  assert.doesNotMatch(bad.out + bad.err, /wrong-secret/)
})

test('--strict refuses a client that may see only a part, naming the scope that is missing', async t => {
  const dir = temporary(t)
  const foundation = await startFoundation({
    clients: [{ id: 'narrow', secret: 's-narrow', scopes: ['cloud_controller.read'] }],
  })
  t.after(() => foundation.close())
  const { code, out } = await runs(['start', '--strict'], environment(foundation, dir))
  assert.equal(code, 3)
  assert.match(out, /cloud_controller\.global_auditor/)
})

test('a damaged log is an error that names the file, never an empty start', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 3)
  chmodSync(dir, 0o700)
  writeFileSync(join(dir, 'log.db'), 'this is no database, but it is long enough to be looked at as one')
  const { code, out } = await runs(['start'], environment(foundation, dir))
  assert.equal(code, 4)
  assert.match(out, /log\.db/)
  assert.equal(foundation.requests.total, 0)
})

test('a data directory that cannot be made is an error that names it, and the command ends', async t => {
  const foundation = await foundationWith(t, 1)
  const { code, out } = await runs(['start'], { ...environment(foundation, '/proc/no-such-folder/data') })
  assert.equal(code, 4)
  assert.match(out, /\/proc\/no-such-folder/)
  const checked = await runs(['check'], { ...environment(foundation, '/proc/no-such-folder/data') })
  assert.equal(checked.code, 3)
})

test('without a foundation a simulated one is shown, with a summary at the end of the backfill', async () => {
  const { code, out } = await runs(['start', '--until-caught-up'], { HTTP_ADDRESS: '127.0.0.1:0' })
  assert.equal(code, 0, out)
  assert.match(out, /No foundation is configured/)
  assert.match(out, /CEF:0\|Cloud Foundry\|Audit\|/)
  assert.match(
    out,
    /Backfill done in [0-9.]+ s: 200[0-9]{2} events of [0-9]+ types in the log, 200[0-9]{2} at the receiver/,
  )
})
