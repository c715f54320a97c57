import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { command, runs } from './command-for-tests.ts'

test('in a terminal the demo prints one row for each event, and says how to see one whole', t => {
  if (spawnSync('script', ['--version']).error) {
    if (process.env['REQUIRE_PEERS'] === '1') assert.fail('script is not installed: apt-get install bsdutils')
    t.skip('script is not installed: apt-get install bsdutils')
    return
  }
  const columns = 90
  const typed = `stty cols ${columns}; exec ${command} start --until-caught-up --http-address 127.0.0.1:0`
  const { PATH = '' } = process.env
  const { stdout, status } = spawnSync('script', ['-qec', typed, '/dev/null'], {
    env: { PATH, SHELL: '/bin/sh' },
    encoding: 'utf8',
    input: '',
  })
  assert.equal(status, 0, stdout)
  const lines = stdout.split(/\r?\n/)
  const events = lines.filter(line => line.startsWith('<'))
  assert.equal(events.length, 5)
  for (const event of events) {
    assert.match(event, /^<\d+>1 20\S+ … (audit\.)?\w+\./)
    assert.ok([...event].length <= columns, `${[...event].length} columns: ${event}`)
  }
  assert.match(stdout, /Lines are cut to the width of this terminal.*npm start \| cat/)
})

test('not in a terminal the demo prints whole lines, and says how to look at one event, and names a misspelt variable', async () => {
  const env = { HTTP_ADDRESS: '127.0.0.1:0', CFAPI: 'https://value.example.com' }
  const { code, out } = await runs(['start', '--until-caught-up'], env)
  assert.equal(code, 0, out)
  const events = out.split('\n').filter(line => line.startsWith('<'))
  for (const event of events) assert.match(event, /CEF:0\|Cloud Foundry\|.*deviceExternalId=simulated/)
  assert.doesNotMatch(out, /Lines are cut/)
  assert.match(out, /cf-audit-drain events --data-dir \S+ --limit 1 --json/)
  assert.match(out, /No foundation is configured/)
  assert.match(out, /^Did you mean CF_API \(CFAPI is set and nobody reads it\)\?$/m)
  assert.doesNotMatch(out, /value\.example/)
  assert.match(
    out,
    /Backfill done in [0-9.]+ s: 20[0-9]{3} events of [0-9]+ types in the log, 20[0-9]{3} at the receiver/,
  )
})
