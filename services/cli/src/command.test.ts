import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFoundation } from '@cf-audit-drain/foundation-simulator'
import { systemClock } from '@cf-audit-drain/pipeline'
import {
  begin,
  environment,
  foundationWith,
  receiverOf,
  runs,
  temporary,
  until,
} from './command-for-tests.ts'

test('version names the pinned Node, help names every command', async () => {
  const { code, out } = await runs(['version'])
  assert.equal(code, 0)
  assert.match(out, /^cf-audit-drain 0\.1\.0 \(Node 26\./)
  const help = await runs(['help'])
  for (const name of ['start', 'poller', 'sink', 'check', 'events', 'version'])
    assert.match(help.out, new RegExp(`cf-audit-drain ${name}`))
})

test('what was typed wrongly is said with what can be typed, and exits with 2', async () => {
  const wrong = await runs(['begin'])
  assert.deepEqual([wrong.code, wrong.out], [2, ''])
  assert.match(wrong.err, /no command "begin".*start, poller, sink, check, topics, schemas, events/)
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

test('--dry-run lets a log on Kafka alone, too', async t => {
  const foundation = await foundationWith(t, 5)
  let connections = 0
  const broker = createServer(socket => {
    connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(broker, 'listening')
  t.after(() => broker.close())
  const { port } = broker.address() as AddressInfo
  const { code, out } = await runs(['start', '--dry-run'], {
    ...environment(foundation, join(temporary(t), 'data')),
    KAFKA_BROKERS: `127.0.0.1:${port}`,
    SINK_URL: 'syslog://127.0.0.1:9',
  })
  assert.deepEqual([code, out.match(/CEF:0/g)?.length, connections], [0, 5, 0])
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
  assert.equal(checked.code, 4)
  assert.match(checked.out, /FAIL {2}log .*\/proc.*DATA_DIR/)
})

test('a misspelt variable is pointed out in one warning, and where a foundation is missing, without its value', async t => {
  const foundation = await foundationWith(t, 1)
  const near = {
    POLL_INTERVALL: '77s',
    SINK_URI: 'syslog://value.example.com:1',
    CF_API_URL: 'https://value',
  }
  const env = { ...environment(foundation, temporary(t)), ...near }
  const { code, out } = await runs(['start', '--until-caught-up'], env)
  assert.equal(code, 0, out)
  const warnings = out.split('\n').filter(line => line.includes('did you mean'))
  assert.equal(warnings.length, 1)
  assert.equal(JSON.parse(warnings[0] ?? '').level, 'warn')
  assert.match(
    out,
    /POLL_INTERVAL \(POLL_INTERVALL is set and nobody reads it\)\? did you mean SINK_URL \(SINK_URI/,
  )
  assert.doesNotMatch(out, /CF_API_URL|77s|value\.example/)
  const dry = await runs(['start', '--dry-run'], near)
  assert.equal(dry.code, 2)
  assert.match(dry.out + dry.err, /did you mean CF_API \(CF_API_URL is set and nobody reads it\)\?/)
})
