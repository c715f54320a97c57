import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort, hasProgram, startRsyslogd } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { startDrain } from '../bench/drain.ts'
import { Simulator } from '../faults/simulator.ts'

/**
 * Goal: the acceptance of the whole way. Method: the recorded events (also the unusual ones and those in which Cloud
 * Controller left secrets), served by the simulator in its process, taken by the command as a user starts it, delivered
 * to a real rsyslogd, and read there.
 */
test('every recorded event arrives at rsyslog once, none with a secret, none split', {
  timeout: 120_000,
}, async t => {
  if (!hasProgram(t, 'rsyslogd', 'rsyslog')) return
  const folder = mkdtempSync(join(tmpdir(), 'end-to-end-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const port = await freePort()
  const rsyslogd = await startRsyslogd({ folder, port, maxMessageSize: '8k' })
  t.after(() => rsyslogd.stop())
  const simulator = await Simulator.start(folder, ['--recorded'])
  t.after(() => simulator.stop())

  const drain = startDrain(folder, simulator, ['--until-caught-up'], sinkAt(port))
  await drain.exited
  assert.equal(drain.end, 0, readFileSync(join(folder, 'drain.out'), 'utf8').slice(-2_000))

  const shown = await simulator.events()
  const lines = await rsyslogd.lines()
  assert.equal(lines.length, shown.size, 'as many lines as events: none split, none doubled, none lost')
  const guids = lines.map(line => /externalId=([0-9a-f-]{36})/.exec(line)?.[1])
  assert.deepEqual(new Set(guids), new Set(shown.keys()))
  for (const line of lines) {
    assert.match(line, /^<[0-9]{2,3}>1 2026-11-22T[0-9:]{8}[.+Z0-9:]* /, 'each begins its own header')
    assert.equal(line.match(/CEF:0\|Cloud Foundry\|Audit\|/g)?.length, 1)
  }
  const unscrubbed = lines.filter(line => line.includes('LEAK-'))
  assert.deepEqual(unscrubbed, [])
  const log = readFileSync(join(folder, 'data', 'log.db'))
  assert.equal(log.includes('LEAK-'), false, 'nor in the log')
})

test('the CEF of every recorded event is read whole by lognormalizer', { timeout: 120_000 }, async t => {
  if (!hasProgram(t, 'lognormalizer', 'liblognorm-utils')) return
  const folder = mkdtempSync(join(tmpdir(), 'end-to-end-cef-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const simulator = await Simulator.start(folder, ['--recorded'])
  t.after(() => simulator.stop())
  const drain = startDrain(folder, simulator, ['--dry-run'], sinkAt(9, '&leadingSpace=true'))
  await drain.exited
  assert.equal(drain.end, 0)
  const cef = readFileSync(join(folder, 'drain.out'), 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.slice(line.indexOf('CEF:0|')))
  const rules = join(folder, 'cef.rb')
  spawnSync('/bin/sh', ['-c', `printf 'version=2\\nrule=:%%f:cef%%\\n' > ${rules}`])
  const parsed = spawnSync('lognormalizer', ['-r', rules], {
    input: cef.join('\n'),
    maxBuffer: 256 * 2 ** 20,
  })
  const events = parsed.stdout
    .toString()
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.equal(events.length, (await simulator.events()).size)
  assert.equal(events.filter(event => event['unparsed-data'] !== undefined).length, 0)
  for (const { f } of events) {
    assert.match(f.Extensions.externalId, /^[0-9a-f-]{36}$/)
    assert.match(f.Extensions.rt, /^[0-9]{13}$/)
  }
})

function sinkAt(port: number, query = ''): Readonly<Record<string, string>> {
  return { SINK_URL: `syslog://127.0.0.1:${port}?format=cef${query}` }
}
