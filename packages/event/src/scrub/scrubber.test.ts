import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageOf, recordedLines, unusualPage } from '../../test/recorded.ts'
import {
  fingerprints,
  masked,
  member,
  oneFingerprint,
  scrubbedMark as S,
  scrub,
  scrubber,
} from '../../test/scrubbing.ts'
import { splitEventPage } from '../raw-event.ts'
import { createScrubber } from './scrubber.ts'

test('none of the secrets left in the recorded events survives, and every path that changed is told', () => {
  const { resources } = splitEventPage(pageOf(recordedLines('secrets-left-in-data.ndjson')))
  assert.equal(resources.length, 11)
  for (const raw of resources) {
    const type = String((raw.value as { type: string }).type)
    assert.match(raw.dataText, /LEAK-/)
    const { text, paths } = scrubber.scrub(type, raw.dataText)
    assert.doesNotMatch(text, /LEAK/)
    assert.notEqual(paths.length, 0)
    for (const path of paths) assert.match(JSON.stringify(at(JSON.parse(text), path)), oneFingerprint, path)
    assert.deepEqual(scrubber.scrub(type, text), { text, paths: [] }, 'scrubbing twice changes nothing')
  }
})

function at(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce(
      (here, key) => (here as Record<string, unknown>)[key.replaceAll('~1', '/').replaceAll('~0', '~')],
      value,
    )
}

test('of the recorded and unusual events only the user names of broker credentials are replaced', () => {
  const { resources } = splitEventPage(pageOf(recordedLines('events-v3.ndjson')))
  const changed = new Map<string, number>()
  for (const raw of [...resources, ...splitEventPage(unusualPage()).resources]) {
    const type = String((raw.value as { type: string }).type)
    const { text, paths } = scrubber.scrub(type, raw.dataText)
    if (paths.length === 0) assert.equal(text, raw.dataText)
    for (const path of paths) changed.set(`${type} ${path}`, (changed.get(`${type} ${path}`) ?? 0) + 1)
  }
  assert.deepEqual(
    [...changed],
    [['audit.service_broker.create /request/authentication/credentials/username', 10]],
  )
})

test('the same secret has the same fingerprint wherever it stands, and another key gives another', () => {
  const secret = 'p@ss/w0rd'
  const { text } = scrub({
    password: secret,
    url: `https://u:${encodeURIComponent(secret)}@example.com/`,
    manifest: `applications:\n- command: "${secret}"\n`,
    exit_description: `password=${secret}`,
  })
  const found = text.match(fingerprints) ?? []
  assert.equal(found.length, 4)
  assert.equal(new Set(found).size, 1)
  const other = createScrubber({ key: new Uint8Array(32).fill(8) }).scrub(
    't',
    JSON.stringify({ password: secret }),
  )
  assert.ok(!other.text.includes(found[0] ?? ''))
  assert.throws(() => createScrubber({ key: new Uint8Array(15) }), /at least 16/)
})

test('every string and number under parameters and credentials is replaced; true, false, null and "" are not', () => {
  const { text, paths } = scrub({
    request: { parameters: { a: ['x', 5, { b: 'y' }], c: true, d: null, e: '' }, credentials: { user: 'u' } },
  })
  const { request } = JSON.parse(text)
  assert.match(request.parameters.a[0], oneFingerprint)
  assert.match(request.parameters.a[1], oneFingerprint)
  assert.deepEqual([request.parameters.c, request.parameters.d, request.parameters.e], [true, null, ''])
  assert.deepEqual(paths, [
    '/request/parameters/a/0',
    '/request/parameters/a/1',
    '/request/parameters/a/2/b',
    '/request/credentials/user',
  ])
})

test('the placeholders of Cloud Controller are left as they are', () => {
  for (const hidden of ['[PRIVATE DATA HIDDEN]', '[PRIVATE DATA HIDDEN IN LISTS]', '[REDACTED]', '***'])
    assert.equal(member('password', hidden), hidden)
  assert.equal(member('buildpack', 'https://***:***@example.com/'), 'https://***:***@example.com/')
})

test('words are matched whole in the names of members', () => {
  for (const name of [
    'password',
    'PASSWORD',
    'db_password',
    'dbPassword',
    'db-password',
    'dbpassword',
    'password2',
    'passwd',
    'pwd',
    'pw',
    'token',
    'access_token',
    'accessToken',
    'X-Auth-Token',
    'client_secret',
    'clientSecret',
    'api_key',
    'apiKey',
    'apikey',
    'API_KEY',
    'private_key',
    'authorization',
    'credential',
    'credentials',
    'secret',
    'secrets',
    'user_pin',
    'example.com/token',
    'aws_secret_access_key',
  ])
    assert.match(String(member(name, 'x')), oneFingerprint, name)
  for (const name of [
    'token_type',
    'secret_name',
    'keyspace',
    'crash_count',
    'key',
    'monkey',
    'passenger',
    'process_type',
    'author',
    'tokenizer',
    'mapping',
    'spin',
    'credential_type',
    'password_changed_at',
    'public_key_path',
    'space_guid',
  ])
    assert.equal(member(name, 'x'), 'x', name)
})

test('a key written with escapes is the key it stands for, and each of duplicates is scrubbed', () => {
  const { text, paths } = scrubber.scrub(
    'audit.app.update',
    '{"\\u0070assword":"a","password":"b", "n":12345678901234567890}',
  )
  assert.match(text, /^\{"\\u0070assword":"\[S[^"]+","password":"\[S[^"]+", "n":12345678901234567890\}$/)
  assert.deepEqual(paths, ['/password'])
})

test('all of an event of a type nobody knows is looked at as hard as a crash', () => {
  assert.equal(
    masked(scrub({ a: { b: 'login failed for hunter2' } }, 'audit.moon.land').text),
    `{"a":{"b":"login failed for ${S}"}}`,
  )
})

test('data that is no object passes', () => {
  for (const text of ['"x"', 'null', '12345678901234567890', '[1, 2]', ' { } ', 'true'])
    for (const type of ['audit.app.update', 'moon'])
      assert.deepEqual(scrubber.scrub(type, text), { text, paths: [] })
})
