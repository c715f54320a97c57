import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { renderFaults } from './fault.ts'
import { faultsOf, good, load, oneFoundation, threeVariables, told } from './loading-for-tests.ts'

test('nothing configured is no fault: there are no foundations, and every default stands', () => {
  assert.deepEqual(good(undefined), {
    foundations: [],
    sinks: [],
    log: { dir: './data', retention: { maxAgeMs: null, maxBytes: null }, kafka: null },
    scrub: { key: null, keyFile: null },
    http: { host: '127.0.0.1', port: 9470 },
    logging: { level: 'info' },
    shutdownTimeoutMs: 20_000,
  })
  assert.deepEqual(good(''), good(undefined))
  assert.deepEqual(good('# nothing but a comment\nlog:\nsinks:\n'), good(undefined))
})

test('three variables make a foundation, named after its host, with every default', () => {
  const [foundation] = good(undefined, threeVariables).foundations
  assert.equal(foundation?.clientSecret.reveal(), 's3cr3t')
  assert.deepEqual(
    { ...foundation, clientSecret: null },
    {
      name: 'sys.example.com',
      api: 'https://api.sys.example.com',
      clientId: 'drain',
      clientSecret: null,
      clientSecretFile: null,
      login: null,
      apiVersion: 'auto',
      caFile: null,
      insecure: false,
      requestTimeoutMs: 60_000,
      startFrom: { kind: 'retention' },
      pollIntervalMs: 10_000,
      overlapMs: 300_000,
      sweeps: [
        { everyMs: 300_000, overMs: 3_600_000, compare: 'count' },
        { everyMs: 3_600_000, overMs: 18_000_000, compare: 'guids' },
      ],
      names: 'lookup',
      nameWaitMs: 2_000,
      tasks: { follow: true, command: 'fingerprint' },
      verifyIntervalMs: 300_000,
      retentionMs: null,
      stateDifferences: null,
      strict: false,
    },
  )
})

test('every variable arrives where the reference says', () => {
  const config = good(undefined, {
    ...threeVariables,
    CF_CLIENT_SECRET: '',
    CF_CLIENT_SECRET_FILE: '/secret',
    CF_CA_FILE: '/ca.pem',
    CF_FOUNDATION: 'eu1',
    CF_INSECURE: 'true',
    POLL_INTERVAL: '1s',
    VERIFY_INTERVAL: '1m',
    START_FROM: '2026-11-01T01:00:00+01:00',
    CF_RETENTION: '7d',
    TASK_FOLLOW: 'false',
    TASK_COMMAND: 'clear',
    STRICT: 'true',
    SINK_URL:
      'syslog-tls://siem.example.com:6514?format=json&framing=lf&caFile=/ca.pem&confirmTimeout=2s&avoidEquals=true',
    DATA_DIR: '/var/lib/drain',
    HTTP_ADDRESS: '[::1]:0',
    LOG_LEVEL: 'debug',
    SCRUB_KEY: 'k'.repeat(32),
    SHUTDOWN_TIMEOUT: '5s',
  })
  const [foundation] = config.foundations
  const [sink] = config.sinks
  assert.equal(foundation?.name, 'eu1')
  assert.equal(foundation.clientSecret.reveal(), 'from-a-file')
  assert.equal(foundation.clientSecretFile, '/secret')
  assert.equal(foundation.caFile, '/ca.pem')
  assert.deepEqual(foundation.startFrom, { kind: 'instant', atSec: 1_793_491_200 })
  assert.deepEqual([foundation.verifyIntervalMs, foundation.retentionMs], [60_000, 7 * 86_400_000])
  assert.deepEqual(foundation.tasks, { follow: false, command: 'clear' })
  assert.deepEqual([foundation.insecure, foundation.strict, foundation.pollIntervalMs], [true, true, 1000])
  assert.deepEqual(sink, {
    name: 'siem',
    url: 'syslog-tls://siem.example.com:6514',
    host: 'siem.example.com',
    port: 6514,
    format: 'json',
    framing: 'lf',
    tls: { caFile: '/ca.pem', certFile: null, keyFile: null, serverName: null, minVersion: 'TLSv1.2' },
    maxMessageBytes: 8000,
    facility: 13,
    confirmTimeoutMs: 2000,
    cef: { avoidEquals: true, leadingSpace: false },
  })
  assert.deepEqual(config.http, { host: '::1', port: 0 })
  assert.equal(config.log.dir, '/var/lib/drain')
  assert.equal(config.logging.level, 'debug')
  assert.equal(config.scrub.key?.reveal(), 'k'.repeat(32))
  assert.equal(config.shutdownTimeoutMs, 5000)
})

test("a foundation's requests take a second or more, and ten minutes at most", () => {
  const withTimeout = (text: string) => `${oneFoundation}    requestTimeout: ${text}\n`
  for (const [text, ms] of [
    ['1s', 1000],
    ['2500ms', 2500],
    ['10m', 600_000],
  ] as const)
    assert.equal(good(withTimeout(text)).foundations[0]?.requestTimeoutMs, ms)
  for (const text of ['999ms', '0s', '11m', '60'])
    assert.match(
      told(withTimeout(text)).join(),
      /requestTimeout \| must be a duration from 1s to 10m .* \| write requestTimeout: 60s$/,
    )
})

test('half a foundation in the environment is a fault that names the variables that are missing', () => {
  assert.deepEqual(told(undefined, { CF_API: 'https://api.sys.example.com' }), [
    'environment variable CF_CLIENT_ID |  | is not set, but a foundation needs it | set CF_CLIENT_ID, or unset the other CF_ variables',
    'environment variable CF_CLIENT_SECRET |  | is not set, but a foundation needs it | set CF_CLIENT_SECRET (or CF_CLIENT_SECRET_FILE), or unset the other CF_ variables',
  ])
  assert.match(told(undefined, { CF_CLIENT_SECRET: 'x' })[0] ?? '', /CF_API \|/)
})

test('all faults come at once, each with its line, its column and what to write instead', () => {
  const yaml = `foundations:
  - name: EU 1
    api: https://api.sys.example.com/v3
    clientId: 12345
    clientSecret: a
    clientSecretFile: /secret
    pollIntervall: 10s
    overlap: 5 minutes
    sweeps: [{ every: 5m, over: 1h, compare: both }]
  - name: us1
    api: http://api.us.example.com
    clientId: drain
  - name: us1
    api: https://api.us.example.com
    clientId: drain
    clientSecretFile: /nowhere
sinks:
  - name: siem
    url: syslog://siem.example.com?fromat=json
    facility: 24
    tls: { caFile: /secret }
http:
  address: 127.0.0.1:70000
loging: { level: debug }
log: { retention: { maxAge: 31, maxSize: 10GB } }
`
  assert.deepEqual(told(yaml, { HTTP_ADDRESS: '', DATA_DIR: '/x' }, { 'start-from': 'yesterday' }), [
    'config.yaml:2:11 | foundations[0].name | must be 1 to 63 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit, but is "EU 1" | write name: eu-1',
    'config.yaml:3:10 | foundations[0].api | must be scheme, host and port alone (paths such as /v3 are added here), but is "https://api.sys.example.com/v3" | write api: https://api.sys.example.com',
    'config.yaml:4:15 | foundations[0].clientId | is not text for YAML: put it in quotes | write clientId: "cf-audit-drain"',
    'config.yaml:6:23 | foundations[0].clientSecretFile | is given beside clientSecret: it is not clear which is meant | keep one of the two',
    'config.yaml:7:5 | foundations[0].pollIntervall | is not a known setting | did you mean pollInterval?',
    'config.yaml:8:14 | foundations[0].overlap | must be a duration from 1s to 4h (a whole number and ms, s, m, h or d), but is "5 minutes" | write overlap: 5m',
    'config.yaml:9:46 | foundations[0].sweeps[0].compare | must be one of count, guids, but is "both" | write compare: count | guids',
    'config.yaml:10:5 | foundations[1].clientSecret | is missing | write clientSecretFile: /path, or clientSecret: $' +
      '{VARIABLE}',
    'config.yaml:11:10 | foundations[1].api | is plain http:// to another machine: the token and every event could be read on the way | use https://, or set insecure: true (CF_INSECURE=true) if that is known and accepted',
    'config.yaml:13:11 | foundations[2].name | is "us1", too near to the name of foundations[1] | give each its own name; dot and underscore count as the same',
    'config.yaml:16:23 | foundations[2].clientSecretFile | names a file that cannot be read: /nowhere (there is no such file) | name a file this process may read; a relative path counts from the working directory',
    'config.yaml:19:10 | sinks[0].url | names no port | write url: syslog://siem.example.com:514',
    'config.yaml:19:10 | sinks[0].url | has an unknown option "fromat" | did you mean syslog://siem.example.com?format=…?',
    'config.yaml:20:15 | sinks[0].facility | must be a whole number from 0 to 23, but is 24 | write facility: 13',
    'config.yaml:21:20 | sinks[0].tls.caFile | is for TLS, but the url is syslog:// | make the url syslog-tls://, or take it out',
    'config.yaml:21:20 | sinks[0].tls.caFile | names a file that holds no PEM certificate | name a file with -----BEGIN CERTIFICATE----- in it',
    'config.yaml:23:12 | http.address | must be host:port with a port from 0 to 65535 (0 takes a free one), but is "127.0.0.1:70000" | write address: 127.0.0.1:9470',
    'config.yaml:24:1 | loging | is not a known setting | did you mean logging?',
    'config.yaml:25:29 | log.retention.maxAge | must be a duration from 1h to 3650d (a whole number and ms, s, m, h or d), but is 31 | write maxAge: 31d',
    'config.yaml:25:42 | log.retention.maxSize | must be a size from 1MiB to 1024TiB (a whole number of bytes, or with KiB, MiB, GiB or TiB), but is "10GB" | write maxSize: 10GiB',
    'option --start-from | foundations.startFrom | must be retention, now, or a time with seconds and zone, but is "yesterday" | write --start-from retention | now | 2026-11-01T00:00:00Z',
  ])
})

test('a variable inside a value is filled in, and a missing one is a fault at its place', () => {
  const yaml = oneFoundation.replace('s3cr3t', () => '"a$' + '{B}c$$' + '{D}"')
  assert.equal(good(yaml, { B: 'x' }).foundations[0]?.clientSecret.reveal(), 'axc$' + '{D}')
  assert.deepEqual(told(yaml), [
    'config.yaml:5:19 | foundations[0].clientSecret | refers to the environment variable B, which is not set | set B, or write $$' +
      '{B} for these characters themselves',
  ])
})

test('a number and a flag may come from a variable', () => {
  const yaml = `${oneFoundation}    strict: $\{S}\nsinks: [{name: a, url: "syslog://h:1", facility: "$\{F}"}]`
  const config = good(yaml, { S: 'true', F: '16' })
  assert.equal(config.foundations[0]?.strict, true)
  assert.equal(config.sinks[0]?.facility, 16)
})

test('neither a fault nor a printed configuration shows a secret', () => {
  const secret = 'hunter2-hunter2-hunter2-hunter2-hunter2'
  const wrong = [
    load(`foundations: [{api: "https://u:${secret}@h", clientId: "$\{S}", clientSecret: [${secret}]}]`, {
      S: secret,
    }),
    load(`scrub: {key: ${secret.slice(0, 20)}}`),
    load(oneFoundation.replace('https://api.sys.example.com', '$' + '{S}'), { S: secret }),
    load(undefined, {
      CF_API: `https://u:${secret}@h`,
      CF_CLIENT_ID: 'a',
      CF_CLIENT_SECRET: secret,
      SCRUB_KEY: 'hunter2',
    }),
  ]
  for (const result of wrong) {
    assert.ok('faults' in result)
    assert.doesNotMatch(JSON.stringify(result.faults), /hunter2/)
  }
  const config = good(undefined, { ...threeVariables, SCRUB_KEY: secret, CF_CLIENT_SECRET: secret })
  const texts = [
    JSON.stringify(config),
    inspect(config, { depth: 9, showHidden: true }),
    String(config.scrub.key),
    `${config.scrub.key}`,
  ]
  for (const text of texts) {
    assert.doesNotMatch(text, /hunter2/)
    assert.match(text, /\[secret\]/)
  }
})

test('options go over variables, and variables of the process go over the file', () => {
  const yaml = 'log: {dir: /from-file}\nhttp: {address: "127.0.0.1:1"}\nlogging: {level: warn}'
  const config = good(
    yaml,
    { DATA_DIR: '/from-env', HTTP_ADDRESS: '127.0.0.1:2' },
    { 'data-dir': '/from-option' },
  )
  assert.equal(config.log.dir, '/from-option')
  assert.equal(config.http.port, 2)
  assert.equal(config.logging.level, 'warn')
})

test('an option for foundations reaches each of them', () => {
  const two = `${oneFoundation}  - { name: b, api: "https://b", clientId: x, clientSecret: y, startFrom: retention }\n`
  const kinds = good(two, {}, { 'start-from': 'now', strict: 'true' }).foundations
  assert.deepEqual(
    kinds.map(each => [each.startFrom.kind, each.strict]),
    [
      ['now', true],
      ['now', true],
    ],
  )
})

test('a foundation in the file and another in the environment is a fault, unless the file asks for the variable', () => {
  assert.deepEqual(
    faultsOf(oneFoundation, { CF_API: 'https://other', SINK_URL: 'syslog://h:1' }).map(each => each.where),
    ['environment variable CF_API'],
  )
  const asking = oneFoundation.replace('s3cr3t', '$' + '{CF_CLIENT_SECRET}')
  assert.equal(good(asking, { CF_CLIENT_SECRET: 'x' }).foundations[0]?.clientSecret.reveal(), 'x')
})

test('a foundation of the environment joins a file that has none', () => {
  const config = good('sinks: [{name: a, url: "syslog://h:1"}]', threeVariables)
  assert.equal(config.foundations.length, 1)
  assert.equal(config.sinks[0]?.name, 'a')
})

test('tuning variables without a foundation configure nothing but must be right', () => {
  assert.deepEqual(good(undefined, { POLL_INTERVAL: '5s' }).foundations, [])
  assert.deepEqual(told(undefined, { POLL_INTERVAL: '5 s' }), [
    'environment variable POLL_INTERVAL | foundations[0].pollInterval | must be a duration from 1s to 5m (a whole number and ms, s, m, h or d), but is "5 s" | write POLL_INTERVAL=10s',
  ])
})

test('a flag that is neither true nor false is told of both', () => {
  assert.deepEqual(told(undefined, { STRICT: '1' }), [
    'environment variable STRICT | foundations[0].strict | must be true or false, but is "1" | write STRICT=true | false',
  ])
  assert.match(told(`${oneFoundation}    insecure: yes!\n`)[0] ?? '', / \| write insecure: true \| false$/)
})

test('an empty secret file and a short scrubbing key are faults', () => {
  assert.match(
    told(oneFoundation.replace('clientSecret: s3cr3t', 'clientSecretFile: /empty'))[0] ?? '',
    /empty file/,
  )
  assert.match(told('scrub: {keyFile: /short-key}')[0] ?? '', /fewer than 32/)
})

test('what is not YAML is told with its line', () => {
  assert.match(told('log:\n  dir: [a\nhttp: b')[0] ?? '', /^config\.yaml:\d+:\d+ \| {2}\| is not YAML here/)
  assert.match(told('log: {}\nlog: {}')[0] ?? '', /^config\.yaml:2:1 .*keep one of the two/)
  assert.match(told('- a')[0] ?? '', /must be a mapping/)
  assert.match(told('log: {}\n---\nlog: {}')[0] ?? '', /is a second document/)
  assert.match(told('log: 3')[0] ?? '', /log \| must be a mapping/)
  assert.match(told('sinks: {a: b}')[0] ?? '', /sinks \| must be a list/)
  assert.match(told('__proto__: {a: b}')[0] ?? '', /__proto__ \| is not a known setting/)
})

test('a document that grows by aliases is refused, not expanded', () => {
  const levels = Array.from(
    { length: 12 },
    (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`,
  )
  const faults = faultsOf(`a0: &a0 x\n${levels.join('\n')}`)
  assert.ok(faults.some(each => /more than 20,000 values/.test(each.problem)))
})

test('dates that do not exist are no start', () => {
  for (const text of ['2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2026-11-01', '2026-11-01T25:00:00Z']) {
    assert.ok(faultsOf(undefined, { START_FROM: text }).length > 0, text)
  }
})

test('the text of the faults names each place', () => {
  assert.equal(
    renderFaults(faultsOf('loging: {}')),
    'The configuration has one fault:\n  config.yaml:1:1: loging is not a known setting\n      did you mean logging?\n',
  )
})

test('a variable that is missing is one fault, not another one for the value it leaves', () => {
  const yaml = 'foundations: [{api: "$' + '{A}", clientId: "$' + '{B}", clientSecret: x}]'
  assert.deepEqual(
    faultsOf(yaml).map(each => each.path),
    ['foundations[0].api', 'foundations[0].clientId'],
  )
})

test('a variable of the process that the file builds upon is not laid over it', () => {
  assert.equal(good('log: {dir: "$' + '{DATA_DIR}/eu1"}', { DATA_DIR: '/data' }).log.dir, '/data/eu1')
})

test('the sweep that looks back longest compares guids', () => {
  const sweeps = (text: string) => `${oneFoundation}    sweeps: ${text}\n`
  const short = '{every: 5m, over: 1h, compare: count}'
  assert.deepEqual(
    told(sweeps(`[${short}, {every: 1h, over: 5h, compare: guids}]`).replace('guids', 'count')),
    [
      'config.yaml:6:84 | foundations[0].sweeps[1].compare | is "count" in the sweep that looks back longest: ' +
        'an event that was deleted would hide one that came late | ' +
        'write compare: guids in this one, or add a longer one that does',
    ],
  )
  assert.equal(good(sweeps(`[${short}, {every: 1h, over: 5h, compare: guids}]`)).foundations.length, 1)
})
