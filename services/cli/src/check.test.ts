import assert from 'node:assert/strict'
import {
  closeSync,
  copyFileSync,
  openSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { startFoundation } from '@cf-audit-drain/foundation-simulator'
import { openEmbeddedLog } from '@cf-audit-drain/log'
import { makeEntries } from '@cf-audit-drain/log/contract-suite'
import { systemClock } from '@cf-audit-drain/pipeline'
import { environment, foundationWith, receiverOf, runs, temporary } from './command-for-tests.ts'

/** Verdict, end and text of each line. */
function read(out: string): readonly (readonly string[])[] {
  return out
    .trimEnd()
    .split('\n')
    .map(line => line.split(/ {2,}/))
}

/** Where the text begins, in each line. */
function textColumns(out: string): ReadonlySet<number> {
  const lines = out.trimEnd().split('\n')
  return new Set(lines.map(line => /^\S+ +.*? {2,}/.exec(line)?.[0].length ?? -1))
}

const ends = (out: string) => read(out).map(([verdict, end]) => `${verdict} ${end}`)

test('check says of each end in its place what works, and sends no event', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 3)
  const { receiver, url } = await receiverOf(t)
  const env = { ...environment(foundation, dir), CF_FOUNDATION: 'eu', SINK_URL: url }
  const { code, out } = await runs(['check'], env)
  assert.equal(code, 0, out)
  assert.deepEqual(ends(out), [
    'ok configuration',
    'ok foundation eu UAA',
    'ok foundation eu Cloud Controller',
    'ok foundation eu rights',
    'ok foundation eu audit events',
    'ok log',
    'ok sink siem',
  ])
  assert.match(out, /audit events +3 visible/)
  assert.equal(textColumns(out).size, 1, `not aligned:\n${out}`)
  assert.equal(receiver.received, 0)
  assert.deepEqual(readdirSync(dir), [])
})

test('each foundation has its lines together, and no line names its end twice', async t => {
  const dir = temporary(t)
  const one = await foundationWith(t, 1)
  const other = await foundationWith(t, 2)
  const file = join(dir, 'c.yaml')
  const entry = (name: string, { api, clientId }: typeof one, secret: string) =>
    `  - {name: ${name}, api: "${api}", clientId: ${clientId}, clientSecret: ${secret}}\n`
  const yaml =
    `foundations:\n${entry('first', one, 'wrong-secret')}${entry('second', other, other.clientSecret)}` +
    `${entry('third', { ...other, api: 'http://127.0.0.1:1' }, 'x')}` +
    'sinks:\n  - {name: siem, url: "syslog://127.0.0.1:1"}\n'
  writeFileSync(file, yaml)
  const { code, out, err } = await runs(['check', '--config', file, '--data-dir', join(dir, 'data')])
  assert.equal(code, 3, out)
  assert.deepEqual(ends(out), [
    'ok configuration',
    'FAIL foundation first UAA',
    'ok foundation first Cloud Controller',
    'note foundation first rights',
    'ok foundation second UAA',
    'ok foundation second Cloud Controller',
    'ok foundation second rights',
    'ok foundation second audit events',
    'note foundation third UAA',
    'FAIL foundation third Cloud Controller',
    'note foundation third rights',
    'ok log',
    'FAIL sink siem',
  ])
  assert.match(out, /FAIL {2}foundation first UAA +http:\S+ does not know client "cf-audit-drain"/)
  assert.match(out, /FAIL {2}foundation third Cloud Controller +http:\/\/127\.0\.0\.1:1 cannot be reached/)
  for (const [, , ...rest] of read(out)) assert.doesNotMatch(rest.join(' '), /foundation "|UAA at|siem/)
  assert.doesNotMatch(out + err, /wrong-secret/)
})

test('a client that sees only a part is a warning, and under --strict a failure', async t => {
  const foundation = await startFoundation({
    clients: [{ id: 'narrow', secret: 's-narrow', scopes: ['cloud_controller.read'] }],
  })
  t.after(() => foundation.close())
  const env = environment(foundation, temporary(t))
  const lax = await runs(['check'], env)
  assert.equal(lax.code, 0, lax.out)
  assert.match(lax.out, /WARN {2}foundation \S+ rights +client "narrow" sees only.*global_auditor/)
  const strict = await runs(['check', '--strict'], env)
  assert.equal(strict.code, 3)
  assert.match(strict.out, /FAIL {2}foundation \S+ rights +client "narrow" sees only/)
})

test('without foundation and sink, what the names of variables were probably meant for is said', async t => {
  const { code, out } = await runs(['check'], {
    DATA_DIR: temporary(t),
    CFAPI: 'https://secret.example.com',
    SINK_URI: 'syslog://secret.example.com:1',
  })
  assert.equal(code, 0)
  assert.deepEqual(ends(out), [
    'ok configuration',
    'WARN configuration',
    'WARN configuration',
    'note foundation',
    'ok log',
    'note sink',
  ])
  assert.match(out, /did you mean CF_API \(CFAPI is set and nobody reads it\)\?/)
  assert.match(out, /did you mean SINK_URL \(SINK_URI is set and nobody reads it\)\?/)
  assert.doesNotMatch(out, /secret\.example/)
})

const damages: readonly { readonly name: string; readonly damage: (file: string) => void }[] = [
  { name: 'is no database', damage: file => writeFileSync(file, 'no database, '.repeat(100)) },
  { name: 'is empty', damage: file => truncateSync(file, 0) },
  { name: 'was cut to fifty bytes', damage: file => truncateSync(file, 50) },
  { name: 'was cut in half', damage: file => truncateSync(file, Math.floor(statSync(file).size / 2)) },
  { name: 'has garbage in its middle', damage: file => overwriteMiddle(file) },
  {
    name: 'is from a newer version',
    damage: file => {
      const database = new DatabaseSync(file)
      database.exec('PRAGMA user_version = 99')
      database.close()
    },
  },
]

function overwriteMiddle(file: string): void {
  const { size } = statSync(file)
  const descriptor = openSync(file, 'r+')
  writeSync(
    descriptor,
    Buffer.alloc(Math.floor(size / 2), 0xa5),
    0,
    Math.floor(size / 2),
    Math.floor(size / 4),
  )
  closeSync(descriptor)
}

async function soundLog(dir: string): Promise<string> {
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  await (await log.writer('lab')).publish(makeEntries(0, 2_000), 'c')
  await log.close()
  return join(dir, 'log.db')
}

test('of a log it cannot use, check says the same sentence as start and ends with the same code', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 1)
  const file = await soundLog(dir)
  const sound = `${file}.sound`
  copyFileSync(file, sound)
  for (const { name, damage } of damages) {
    copyFileSync(sound, file)
    damage(file)
    const checked = await runs(['check'], environment(foundation, dir))
    const started = await runs(['start'], environment(foundation, dir))
    assert.equal(started.code, 4, `${name}: ${started.out}`)
    const said = started.out
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as { msg: string }).msg)
      .find(msg => msg.includes('log.db'))
    const line = read(checked.out).find(([, end]) => end === 'log')
    assert.deepEqual(line, ['FAIL', 'log', said], name)
    assert.equal(checked.code, 4, name)
    assert.match(checked.out, /ok +foundation \S+ UAA/, 'the other ends are tried all the same')
  }
})

test('a log whose parts do not fit together ends check with 4 and a sentence that says where to go on', async t => {
  const dir = temporary(t)
  const foundation = await foundationWith(t, 1)
  const file = await soundLog(dir)
  const database = new DatabaseSync(file)
  database.exec('DELETE FROM tallies')
  database.close()
  const { code, out } = await runs(['check'], environment(foundation, dir))
  assert.equal(code, 4, out)
  assert.match(
    out,
    /FAIL {2}log .*log\.db: the parts of the log do not fit together \(2000 events are missing.*runbook/,
  )
})
