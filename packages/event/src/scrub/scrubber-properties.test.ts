import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { scrubber } from '../../test/scrubbing.ts'

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
      fc.constantFrom(
        'annotations',
        'parameters',
        'exit_description',
        'manifest',
        'syslog_drain_url',
        'url',
        'x',
      ),
      fc.constantFrom('audit.app.update', 'audit.moon.land'),
      (value, name, type) => {
        const text = JSON.stringify({ [name]: value })
        const once = scrubber.scrub(type, text)
        assert.deepEqual(shapeOf(JSON.parse(once.text)), shapeOf(JSON.parse(text)))
        assert.deepEqual(scrubber.scrub(type, once.text), { text: once.text, paths: [] })
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

test('scrubbing texts made of signs twice changes nothing more', () => {
  const signs = fc.constantFrom(
    ...['password', 'Pwd', ' is ', '=', ': ', ';', ',', '"', "'", '\\"', ' ', '/', '@', ':', '?', '&', '#'],
    ...[
      'mysql ',
      '-p',
      '-u ',
      'curl ',
      'https',
      'hunter2',
      'Sup3rSecretValue99',
      'logs',
      'x',
      '[',
      ']',
      '***',
    ],
  )
  const text = fc.string({ unit: signs, maxLength: 16 })
  const names = fc.constantFrom('exit_description', 'image', 'annotations', 'x')
  fc.assert(
    fc.property(text, names, fc.constant('app.crash'), (value, name, type) => {
      const once = scrubber.scrub(type, JSON.stringify({ [name]: value }))
      assert.deepEqual(scrubber.scrub(type, once.text), { text: once.text, paths: [] })
    }),
    // The examples were found by this test.
    {
      numRuns: 3000,
      examples: [
        ['password is password=password', 'exit_description', 'app.crash'],
        ['password:;password:Pwdpassword', 'annotations', 'app.crash'],
        ['password:?]@', 'image', 'app.crash'],
      ],
    },
  )
})

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
    'password="',
    'mysql ',
    'mysql -p',
    '-u a:b ',
    'Pwd=a;',
    'password is ',
    'u:p@h ',
    'abcd/',
    '- ',
    '? ',
    '&a ',
    "'",
  ]
  for (const text of texts) {
    const long = text.repeat(Math.ceil(200_000 / text.length))
    for (const [type, data] of [
      ['audit.app.update', { a: long }],
      ['app.crash', { exit_description: long }],
      ['audit.app.update', { annotations: { a: long } }],
      ['audit.app.update', { syslog_drain_url: `https://${long}` }],
      ['audit.app.update', { syslog_drain_url: long, image: long }],
      ['audit.app.apply_manifest', { manifest: long }],
      ['audit.moon.land', { a: long }],
    ] as const) {
      const start = process.threadCpuUsage().user
      scrubber.scrub(type, JSON.stringify(data))
      const ms = (process.threadCpuUsage().user - start) / 1000
      assert.ok(ms < 1000, `${JSON.stringify(text)} in ${Object.keys(data)} took ${Math.round(ms)} ms`)
    }
  }
})

test('quotes by the hundred thousand, as an annotation or a manifest, take less than 200 ms', () => {
  for (const [type, data] of [
    ['audit.app.update', { annotations: { a: 'password="'.repeat(20_000) } }],
    ['audit.app.apply_manifest', { manifest: '"'.repeat(200_000) }],
  ] as const) {
    const start = process.threadCpuUsage().user
    scrubber.scrub(type, JSON.stringify(data))
    const ms = (process.threadCpuUsage().user - start) / 1000
    assert.ok(ms < 200, `${type} took ${Math.round(ms)} ms`)
  }
})
