import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pageOf, recordedLines, unusualPage } from '../../test/recorded.ts'
import { splitEventPage } from '../raw-event.ts'
import { createScrubber } from './scrubber.ts'

const scrubber = createScrubber({ key: new Uint8Array(32).fill(7) })
const scrub = (data: unknown, type = 'audit.app.update') => scrubber.scrub(type, JSON.stringify(data))
const ONE = /\[SCRUBBED hmac-sha256:[0-9a-f]{16}\]/
const FINGERPRINT = new RegExp(ONE, 'g')

/** The value of `note` in the annotations, after scrubbing. */
const note = (value: string): string => {
  const { text } = scrub({ request: { metadata: { annotations: { note: value } } } })
  return JSON.parse(text).request.metadata.annotations.note
}
const crash = (value: string): string =>
  JSON.parse(scrub({ exit_description: value }, 'app.crash').text).exit_description
const member = (name: string, value: unknown): unknown => JSON.parse(scrub({ [name]: value }).text)[name]
const S = '[SCRUBBED]'
const masked = (text: string) => text.replace(FINGERPRINT, S)

test('none of the secrets left in the recorded events survives, and every path that changed is told', () => {
  const { resources } = splitEventPage(pageOf(recordedLines('secrets-left-in-data.ndjson')))
  assert.equal(resources.length, 11)
  for (const raw of resources) {
    const type = String((raw.value as { type: string }).type)
    assert.match(raw.dataText, /LEAK-/)
    const { text, paths } = scrubber.scrub(type, raw.dataText)
    assert.doesNotMatch(text, /LEAK/)
    assert.notEqual(paths.length, 0)
    for (const path of paths) assert.match(JSON.stringify(at(JSON.parse(text), path)), ONE, path)
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
  const found = text.match(FINGERPRINT) ?? []
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
  assert.match(request.parameters.a[0], ONE)
  assert.match(request.parameters.a[1], ONE)
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
    assert.match(String(member(name, 'x')), ONE, name)
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

test('of a URL the secrets go; scheme, host, path and names stay', () => {
  for (const [url, expected] of [
    ['https://u:p@h/x', `https://u:${S}@h/x`],
    ['https://ghp_token@github.com/a/b.git', `https://${S}@github.com/a/b.git`],
    ['https://tok3n:@h/', `https://${S}:@h/`],
    ['https://tok3n:x-oauth-basic@h/', `https://${S}:x-oauth-basic@h/`],
    ['https://u:p@ss@h/', `https://u:${S}@h/`],
    ['https://u:pa/ss@h/', `https://u:${S}@h/`],
    ['https://u:pa?ss#1@h/', `https://u:${S}@h/`],
    ['postgres://u:p@[::1]:5432/db', `postgres://u:${S}@[::1]:5432/db`],
    ['HTTPS://u:p@h', `HTTPS://u:${S}@h`],
    ['see https://u:p@h/x, and http://v:q@i.', `see https://u:${S}@h/x, and http://v:${S}@i.`],
    [
      'jdbc:postgresql://h/db?user=u&password=p&ssl=true',
      `jdbc:postgresql://h/db?user=u&password=${S}&ssl=true`,
    ],
    [
      'https://h/?X-Amz-Signature=abc&page=2#access_token=x',
      `https://h/?X-Amz-Signature=${S}&page=2#access_token=${S}`,
    ],
    ['https://h/?sig=a;key=b', `https://h/?sig=${S};key=${S}`],
    ['ssh://git@github.com/a/b.git', 'ssh://git@github.com/a/b.git'],
    ['https://h:8443/p/@scope/x?page=2', 'https://h:8443/p/@scope/x?page=2'],
    ['https://[::1]:80/a@b', 'https://[::1]:80/a@b'],
    ['https://h/?a=1&b=', 'https://h/?a=1&b='],
    ['docker://registry.example.com/bp', 'docker://registry.example.com/bp'],
    ['://u:p@h', '://u:p@h'],
  ])
    assert.equal(masked(String(member('url', url))), expected)
})

test('of a drain URL every value of the query goes, and what looks like a token in the path', () => {
  for (const [url, expected] of [
    ['https://h/?foo=bar&x', `https://h/?foo=${S}&${S}`],
    [
      'syslog-tls://h:6514?drain-data=all&drain-type=logs',
      'syslog-tls://h:6514?drain-data=all&drain-type=logs',
    ],
    ['https://h/inputs/0f8fad5b-d9cb-469f-a165-70867728950e/tag', `https://h/inputs/${S}/tag`],
    ['https://h/api/v2/logs', 'https://h/api/v2/logs'],
  ]) {
    assert.equal(masked(String(member('syslog_drain_url', url))), expected)
    assert.equal(masked(String(member('route_service_url', url))), expected)
  }
})

test('what is a secret beyond doubt is found in any string', () => {
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'
  for (const [text, expected] of [
    [`got ${jwt} back`, `got ${S} back`],
    ['id AKIAIOSFODNN7EXAMPLE.', `id ${S}.`],
    ['a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b', `a ${S} b`],
    ['a -----BEGIN PRIVATE KEY-----\nMIIcut', `a ${S}`],
    [
      '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----',
      '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----',
    ],
    ['Authorization: Bearer abcdef123456', `Authorization: Bearer ${S}`],
    ['curl -H "Authorization: Basic dTpwYXNz"', `curl -H "Authorization: Basic ${S}"`],
    ['password=hunter2, next', `password=${S}, next`],
    ['--token abc --user bob', `--token ${S} --user bob`],
    ['{"password":"a\\"b","n":1}', `{"password":"${S}","n":1}`],
    ['{"password": {"type": "string"}}', '{"password": {"type": "string"}}'],
    [
      'password=$DB_PASSWORD token=$(TOKEN) secret=((db))',
      'password=$DB_PASSWORD token=$(TOKEN) secret=((db))',
    ],
    ['basic authentication, bearer of news', 'basic authentication, bearer of news'],
    ['token_type=bearer', 'token_type=bearer'],
  ])
    assert.equal(masked(String(member('description', text))), expected)
})

test('what a crash or a build says is searched for phrases', () => {
  for (const [text, expected] of [
    ['Exited: login failed for hunter2', `Exited: login failed for ${S}`],
    ["authentication failed for user 'bob'", `authentication failed for user '${S}'`],
    ['invalid token Zx81Kq02LmPp77aa', `invalid token ${S}`],
    ['got aB3dE5gH7jK9mN1pQ3sT from x', `got ${S} from x`],
    [
      'APP/PROC/WEB: Exited with status 137 (out of memory)',
      'APP/PROC/WEB: Exited with status 137 (out of memory)',
    ],
    ['CEF:0|x|y|z|1|fake|10|', 'CEF:0|x|y|z|1|fake|10|'],
    [
      'java.lang.NullPointerException at com.example.Foo$Bar1',
      'java.lang.NullPointerException at com.example.Foo$Bar1',
    ],
    [
      'instance 0f8fad5b-d9cb-469f-a165-70867728950e lost',
      'instance 0f8fad5b-d9cb-469f-a165-70867728950e lost',
    ],
  ])
    assert.equal(masked(crash(text ?? '')), expected)
})

test('annotations and labels are kept unless they look like a secret', () => {
  for (const kept of [
    'x',
    'prod',
    'team-payments-eu1',
    'bob@corp.example.com',
    'Erika.Mueller+ops@corp.example.com',
    '0f8fad5b-d9cb-469f-a165-70867728950e',
    '3bbba9069812345678901234567890abcdef1234',
    '2026-11-22T03:28:23Z',
    'registry.example.com/team/app:1.2.3',
    'com.example.payments.PaymentService',
    'https://wiki.example.com/Page_1',
    'Owned by the payments team, see PAY-1234',
    'z'.repeat(5000),
    'Zürich-Überweisungen-2026',
    'line1\nline2\r\nline3?',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'PaymentsServiceOwners',
  ])
    assert.equal(note(kept), kept)
  for (const [text, expected] of [
    ['Hunter2-is-my-Secret', S],
    ['0123456789abcdef0123456789abcdef', S],
    ['dGhpcyBpcyBhIHNlY3JldCBLZXk=', `${S}=`],
    ['use aB3dE5gH7jK9mN1p for it', `use ${S} for it`],
    ['password: hunter2', `password: ${S}`],
  ])
    assert.equal(masked(note(text ?? '')), expected)
  assert.equal(
    masked(scrub({ labels: { token: 'x', env: 'prod', command: 'y' } }).text),
    `{"labels":{"token":"${S}","env":"prod","command":"y"}}`,
  )
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

test('data without secrets is not changed in a single byte', () => {
  const word = fc.stringMatching(/^[a-h ]{0,12}$/)
  const leaf = [word, fc.integer(), fc.double(), fc.boolean(), fc.constant(null)]
  const data = fc.object({ key: word, values: leaf, maxDepth: 4 })
  fc.assert(
    fc.property(data, fc.integer({ min: 0, max: 2 }), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      assert.deepEqual(scrubber.scrub('audit.app.update', text), { text, paths: [] })
    }),
  )
})

test('around a secret everything stays byte for byte, whatever the data', () => {
  const secret = fc.string({ unit: 'binary', minLength: 1 })
  const harmless = fc
    .jsonValue({ maxDepth: 2 })
    .map(value => JSON.stringify(value).replace(/[a-zA-Z:+/]{2,}/g, 'q'))
  const before = fc.stringMatching(/^[a-h]{1,8}$/)
  fc.assert(
    fc.property(before, secret, fc.integer(), harmless.filter(isJson), (key, value, number, other) => {
      const shown = JSON.stringify(value)
      const text = `{ "${key}" :9007199254740993, "password" : ${shown} ,"api_key":${number}, "z":[${other}]}`
      const { text: result } = scrubber.scrub('audit.app.update', text)
      const [head, tail] = result.split(
        /"\[SCRUBBED hmac-sha256:[0-9a-f]{16}\]" ,"api_key":"\[SCRUBBED hmac-sha256:[0-9a-f]{16}\]"/,
      )
      assert.equal(head, `{ "${key}" :9007199254740993, "password" : `)
      assert.equal(tail, `, "z":[${other}]}`)
      JSON.parse(result)
    }),
  )
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('any JSON stays JSON of the same shape, and scrubbing it twice changes nothing more', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('annotations', 'parameters', 'exit_description', 'manifest', 'x'),
      (value, name) => {
        const text = JSON.stringify({ [name]: value })
        const once = scrubber.scrub('audit.app.update', text)
        assert.deepEqual(shapeOf(JSON.parse(once.text)), shapeOf(JSON.parse(text)))
        assert.deepEqual(scrubber.scrub('audit.app.update', once.text), { text: once.text, paths: [] })
      },
    ),
  )
})

/** The value with every leaf but the literals made alike. */
function shapeOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, child) =>
    typeof child === 'string' || typeof child === 'number' ? '' : child,
  )
}

test('no text makes the scrubber slow', () => {
  const texts = [
    'eyJ',
    'eyJ-',
    'a://',
    'a://b ',
    'a://u:',
    'a://?',
    'a://[',
    'token=',
    'token={',
    'token=$A',
    'token token ',
    "token='",
    'token="',
    '--token ',
    '&',
    'a://x?&',
    '[',
    '[SCRUBBED ',
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY',
    'A1a',
    'Aa1-',
    '\\',
    '"',
    'login failed for ',
    'password is ',
    'a.a@',
    'a:',
    'Bearer ',
    '****',
    '=',
    'aB3dE5gH7jK9mN1pQ3sT ',
  ]
  for (const text of texts) {
    const long = text.repeat(Math.ceil(100_000 / text.length))
    const data = JSON.stringify({
      a: long,
      exit_description: long,
      annotations: { a: long },
      syslog_drain_url: `https://${long}`,
    })
    const start = process.threadCpuUsage().user
    scrubber.scrub('audit.app.update', data)
    const ms = (process.threadCpuUsage().user - start) / 1000
    assert.ok(ms < 2000, `${JSON.stringify(text)} took ${Math.round(ms)} ms`)
  }
})
