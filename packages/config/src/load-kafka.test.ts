import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { KafkaConfig, KafkaPasswordConfig } from './config.ts'
import { faultsOf, good, load, told } from './loading-for-tests.ts'

const noTls = { caFile: null, certFile: null, keyFile: null, serverName: null, minVersion: 'TLSv1.2' }
const broker = {
  scheme: 'has a scheme or a path; a broker is host:port',
  port: 'has a port that is no number from 1 to 65535; a broker is host:port',
  noPort: 'has no port; a broker is host:port',
  space: 'has a space in it; a broker is host:port',
  several: 'holds several with commas between them; a broker is host:port',
}
const password = 'hunter2-hunter2'

/** `log.kafka` with these lines under it. */
const file = (...lines: readonly string[]) =>
  ['log:', '  kafka:', ...lines.map(line => `    ${line}`), ''].join('\n')
const withBrokers = (...lines: readonly string[]) => file('brokers: [kafka-1:9092]', ...lines)

function anyKafkaOf(...input: Parameters<typeof good>): KafkaConfig {
  const { kafka } = good(...input).log
  assert.ok(kafka !== null, 'the log is not on Kafka')
  return kafka
}

/** One whose login, if any, is by password. */
function kafkaOf(
  ...input: Parameters<typeof good>
): KafkaConfig & { readonly sasl: KafkaPasswordConfig | null } {
  const { sasl, ...others } = anyKafkaOf(...input)
  assert.ok(sasl?.mechanism !== 'OAUTHBEARER')
  return { ...others, sasl }
}

test('brokers in a file choose Kafka, with every default; the folder stays for the scrubbing key', () => {
  assert.deepEqual(good(withBrokers()).log, {
    dir: './data',
    retention: { maxAgeMs: null, maxBytes: null },
    kafka: {
      brokers: ['kafka-1:9092'],
      prefix: 'cf-audit',
      createTopics: false,
      replicationFactor: 3,
      topics: { retentionMs: null, minInsyncReplicas: 2 },
      delivery: 'exactly-once',
      tls: null,
      sasl: null,
      schemaRegistry: null,
      rack: null,
      sessionTimeoutMs: 6_000,
    },
  })
  assert.equal(good('log:\n  kafka:\n').log.kafka, null)
})

test('every setting of a file arrives', () => {
  const { sasl, ...others } = kafkaOf(
    file(
      'brokers: [kafka-1.example.com:9092, 10.0.0.2:19092]',
      'prefix: Audit_eu.1-x',
      'createTopics: true',
      'replicationFactor: 2',
      'topics: { retention: 400d, minInsyncReplicas: 2 }',
      'delivery: at-least-once',
      'tls: { caFile: /ca.pem, certFile: /ca.pem, keyFile: /key.pem, serverName: kafka, minVersion: TLSv1.3 }',
      'sasl: { mechanism: SCRAM-SHA-512, username: drain, passwordFile: /secret }',
      'rack: eu-1a',
      'sessionTimeout: 45s',
    ),
  )
  assert.deepEqual(others, {
    brokers: ['kafka-1.example.com:9092', '10.0.0.2:19092'],
    prefix: 'Audit_eu.1-x',
    createTopics: true,
    replicationFactor: 2,
    topics: { retentionMs: 400 * 86_400_000, minInsyncReplicas: 2 },
    delivery: 'at-least-once',
    tls: {
      caFile: '/ca.pem',
      certFile: '/ca.pem',
      keyFile: '/key.pem',
      serverName: 'kafka',
      minVersion: 'TLSv1.3',
    },
    schemaRegistry: null,
    rack: 'eu-1a',
    sessionTimeoutMs: 45_000,
  })
  assert.deepEqual(
    [sasl?.mechanism, sasl?.username, sasl?.password.reveal()],
    ['SCRAM-SHA-512', 'drain', 'from-a-file'],
  )
})

test('tls is true, false or a mapping, also out of a variable', () => {
  assert.deepEqual(kafkaOf(withBrokers('tls: true')).tls, noTls)
  assert.deepEqual(kafkaOf(withBrokers('tls: {}')).tls, noTls)
  assert.deepEqual(kafkaOf(withBrokers('tls: $' + '{T}'), { T: 'true' }).tls, noTls)
  assert.equal(kafkaOf(withBrokers('tls: false')).tls, null)
  for (const wrong of ['yes', '3', '[]', '[{toString: 1}]'])
    assert.deepEqual(told(withBrokers(`tls: ${wrong}`)), [
      'config.yaml:4:10 | log.kafka.tls | must be true, false or a mapping | write tls: true, or caFile: /path and the like, indented under it',
    ])
  assert.match(told(withBrokers('tls: { cafile: /ca.pem }'))[0] ?? '', /did you mean caFile\?/)
  assert.match(
    told(withBrokers('tls: { caFile: /secret }'))[0] ?? '',
    /tls\.caFile \| names a file that holds/,
  )
  assert.match(told(withBrokers('tls: { certFile: /ca.pem }'))[0] ?? '', /tls\.certFile \| is given without/)
})

test('each wrong broker is a fault at its place', () => {
  const at = (column: number, index: number, problem: string) =>
    `config.yaml:3:${column} | log.kafka.brokers[${index}] | ${problem}`
  const instead = ' | write - kafka-1.example.com:9092'
  assert.deepEqual(
    told(file('brokers: [a:1, b, "kafka://c:9092", " d:1", a:0, a:65536, A:1, "[::1]:9092", "::1"]')),
    [
      at(20, 1, `${broker.noPort}${instead}`),
      at(23, 2, `${broker.scheme}${instead}`),
      at(41, 3, `${broker.space}${instead}`),
      at(49, 4, `${broker.port}${instead}`),
      at(54, 5, `${broker.port}${instead}`),
      at(63, 6, 'is the same as brokers[0] | name each broker once'),
      at(68, 7, `is an IPv6 address, which the Kafka client cannot take: use a name${instead}`),
      at(82, 8, `is an IPv6 address, which the Kafka client cannot take: use a name${instead}`),
    ],
  )
  assert.deepEqual(told(file('brokers: ["a:1,b:1", 9092, "", {a: 1}]')), [
    at(15, 0, `${broker.several}${instead}`),
    at(26, 1, 'is not text for YAML: put it in quotes | write - "kafka-1.example.com:9092"'),
    at(32, 2, `is empty${instead}`),
    at(36, 3, `must be text${instead}`),
  ])
})

test('brokers that are no list, an empty one or missing are a fault', () => {
  assert.deepEqual(told(file('brokers: []')), [
    'config.yaml:3:14 | log.kafka.brokers | is an empty list | write at least one "- " line under it',
  ])
  assert.deepEqual(told(file('brokers: a:1')), [
    'config.yaml:3:14 | log.kafka.brokers | must be a list | write one "- " line per item',
  ])
  assert.deepEqual(told(file('prefix: x')), [
    'config.yaml:3:5 | log.kafka.brokers | is missing | write one "- " line per item',
  ])
})

test('numbers, flags, prefix and session time out of range are faults', () => {
  const wrong = {
    'prefix: "cf audit"': 'must be 1 to 60 letters, digits, dots, underscores and hyphens, but is "cf audit"',
    [`prefix: ${'a'.repeat(61)}`]: 'must be 1 to 60 letters',
    'createTopics: maybe': 'must be true or false, but is "maybe"',
    'replicationFactor: 0': 'must be a whole number from 1 to 10, but is 0',
    'replicationFactor: 11': 'must be a whole number from 1 to 10, but is 11',
    'sessionTimeout: 5999ms': 'must be a duration from 6s to 60s',
    'sessionTimeout: 61s': 'must be a duration from 6s to 60s',
    'bootstrap: x': 'is not a known setting',
  }
  for (const [line, problem] of Object.entries(wrong)) {
    const [fault, ...others] = faultsOf(withBrokers(line))
    assert.deepEqual([fault?.path, others], [`log.kafka.${line.split(':')[0]}`, []], line)
    assert.ok(fault?.problem.startsWith(problem), `${line}: ${fault?.problem}`)
  }
  assert.equal(kafkaOf(withBrokers(`prefix: ${'a'.repeat(60)}`)).prefix.length, 60)
  assert.equal(kafkaOf(withBrokers('sessionTimeout: 60s')).sessionTimeoutMs, 60_000)
})

test('more copies to wait for than there are is a fault', () => {
  assert.deepEqual(told(withBrokers('topics: { minInsyncReplicas: 4 }')), [
    'config.yaml:4:34 | log.kafka.topics.minInsyncReplicas | is more than replicationFactor (3): nothing could ever be published | write at most replicationFactor; one less lets a broker be down',
  ])
  assert.equal(faultsOf(withBrokers('replicationFactor: 1', 'topics: { minInsyncReplicas: "2" }')).length, 1)
  assert.equal(kafkaOf(withBrokers('replicationFactor: 2')).topics.minInsyncReplicas, 1)
  assert.equal(kafkaOf(withBrokers('topics: { retention: 1h }')).topics.retentionMs, 3_600_000)
})

test('dir and retention in the file beside kafka are faults; DATA_DIR and --data-dir are none', () => {
  const both = `${withBrokers()}  dir: /data\n  retention: { maxAge: 31d }\n`
  const dir =
    'config.yaml:4:8 | log.dir | is given beside kafka, but the log is on Kafka | take out dir (DATA_DIR or --data-dir names the folder of the scrubbing key), or take out kafka'
  assert.deepEqual(told(both), [
    dir,
    'config.yaml:5:14 | log.retention | is given beside kafka, but the log is on Kafka | take out retention (the topics have their own: retention.ms, retention.bytes), or take out kafka',
  ])
  assert.equal(faultsOf(both, { DATA_DIR: '/x' }).length, 2)
  assert.equal(good(withBrokers(), { DATA_DIR: '/x' }).log.dir, '/x')
  assert.equal(good(withBrokers(), {}, { 'data-dir': '/y' }).log.dir, '/y')
  assert.equal(good(`${withBrokers()}  dir:\n`, { DATA_DIR: '/x' }).log.dir, '/x')
})

test('a login without TLS to another machine is a fault unless it is accepted', () => {
  const sasl = `sasl: { mechanism: PLAIN, username: u, password: ${password} }`
  const [fault, ...others] = faultsOf(withBrokers(sasl))
  assert.deepEqual(others, [])
  assert.equal(fault?.where, 'config.yaml:4:24')
  assert.equal(fault.path, 'log.kafka.sasl.mechanism')
  assert.match(fault.problem, /without TLS to another machine: the password or token .* read on the way/)
  assert.match(fault.instead, /tls: true .*KAFKA_TLS_CA_FILE.*insecure: true/)
  assert.equal(faultsOf(withBrokers(sasl, 'tls: false')).length, 1)
  assert.equal(faultsOf(file('brokers: [127.0.0.1:1, kafka-1:9092]', sasl)).length, 1)
  for (const accepted of ['insecure: true', 'insecure: "true"', 'tls: true', 'tls: {}'])
    assert.equal(kafkaOf(withBrokers(sasl, accepted)).sasl?.mechanism, 'PLAIN', accepted)
  assert.equal(kafkaOf(file('brokers: [127.0.0.1:1, localhost:2]', sasl)).sasl?.username, 'u')
})

test('a login that is not whole is told', () => {
  const problems = (sasl: string) =>
    faultsOf(withBrokers('tls: true', `sasl: ${sasl}`)).map(each => `${each.path} ${each.problem}`)
  assert.deepEqual(problems('{ mechanism: PLAIN, username: u }'), ['log.kafka.sasl.password is missing'])
  assert.deepEqual(problems('{ username: u, password: p, passwordFile: /secret }'), [
    'log.kafka.sasl.mechanism is missing',
    'log.kafka.sasl.passwordFile is given beside password: it is not clear which is meant',
  ])
  assert.deepEqual(problems('{ mechanism: plain, username: u, passwordFile: /empty }'), [
    'log.kafka.sasl.mechanism must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, but is "plain"',
    'log.kafka.sasl.passwordFile names an empty file',
  ])
  assert.deepEqual(problems('none'), ['log.kafka.sasl must be a mapping'])
})

test('KAFKA_BROKERS alone chooses Kafka and makes its topics: one copy on one broker, else three', () => {
  const { brokers, createTopics, replicationFactor } = kafkaOf(undefined, { KAFKA_BROKERS: 'a:1' })
  assert.deepEqual([brokers, createTopics, replicationFactor], [['a:1'], true, 1])
  const two = kafkaOf('http: {address: "127.0.0.1:0"}\nlog: {}', { KAFKA_BROKERS: 'a:1,b:2' })
  assert.deepEqual([two.brokers, two.createTopics, two.replicationFactor], [['a:1', 'b:2'], true, 3])
  assert.equal(good(undefined, { KAFKA_BROKERS: '' }).log.kafka, null)
  const besideDir = good(undefined, { KAFKA_BROKERS: 'a:1', DATA_DIR: '/var/lib/drain' }).log
  assert.deepEqual([besideDir.dir, besideDir.kafka?.brokers], ['/var/lib/drain', ['a:1']])
})

test('the variables of TLS and of the login arrive', () => {
  const { tls, sasl } = kafkaOf(undefined, {
    KAFKA_BROKERS: 'kafka-1:9092',
    KAFKA_TLS_CA_FILE: '/ca.pem',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256',
    KAFKA_SASL_USERNAME: 'drain',
    KAFKA_SASL_PASSWORD: password,
  })
  assert.deepEqual(tls, { ...noTls, caFile: '/ca.pem' })
  assert.deepEqual(
    [sasl?.mechanism, sasl?.username, sasl?.password.reveal()],
    ['SCRAM-SHA-256', 'drain', password],
  )
})

test('what KAFKA_BROKERS has wrong is told with its name', () => {
  const toldOf = (text: string) => told(undefined, { KAFKA_BROKERS: text })
  const at = (index: number, problem: string) =>
    `environment variable KAFKA_BROKERS | log.kafka.brokers[${index}] | ${problem}`
  const instead = ' | write KAFKA_BROKERS=kafka-1.example.com:9092'
  assert.deepEqual(toldOf('a:1, b:2'), [at(1, `${broker.space}${instead}`)])
  assert.deepEqual(toldOf('a:1,b'), [at(1, `${broker.noPort}${instead}`)])
  assert.deepEqual(toldOf('a:1,'), [at(1, `is empty${instead}`)])
  assert.deepEqual(toldOf('a:1,b:1,a:1'), [at(2, 'is the same as brokers[0] | name each broker once')])
})

test('half of Kafka in the environment is a fault that names what is missing, and what was misspelt', () => {
  assert.deepEqual(told(undefined, { KAFKA_SASL_USERNAME: 'u', KAFKA_BROKER: 'a:1' }), [
    'environment variable KAFKA_BROKERS |  | is not set, but a log on Kafka needs it | did you mean KAFKA_BROKERS (KAFKA_BROKER is set and nobody reads it)? Otherwise set KAFKA_BROKERS, or unset the other KAFKA_ and SCHEMA_REGISTRY_ variables',
    'environment variable KAFKA_SASL_MECHANISM |  | is not set, but the login at Kafka needs it | set KAFKA_SASL_MECHANISM, or unset the other KAFKA_SASL_ variables',
    'environment variable KAFKA_SASL_PASSWORD |  | is not set, but the login at Kafka needs it | set KAFKA_SASL_PASSWORD, or unset the other KAFKA_SASL_ variables',
  ])
})

test('a log in the file and Kafka in the environment is a fault, unless the file asks for the variable', () => {
  const env = { KAFKA_BROKERS: 'a:1,b:2', KAFKA_SASL_PASSWORD: password, DATA_DIR: '/x' }
  for (const yaml of ['log: {dir: /data}', 'log: {retention: {maxAge: 31d}}', withBrokers()])
    assert.deepEqual(
      told(yaml, env),
      ['KAFKA_BROKERS', 'KAFKA_SASL_PASSWORD'].map(
        name =>
          `environment variable ${name} |  | is set, but the file configures log already: it is not clear which is meant | ` +
          `unset ${name}, or write $\{${name}} in the file where it belongs, or take log out of the file`,
      ),
    )
  const asking = (brokers: string) =>
    file(
      `brokers: ${brokers}`,
      'tls: true',
      'sasl: {mechanism: PLAIN, username: u, password: "$' + '{KAFKA_SASL_PASSWORD}"}',
    )
  for (const [brokers, expected] of [
    ['$' + '{KAFKA_BROKERS}', ['a:1', 'b:2']],
    ['["$' + '{KAFKA_BROKERS}", c:3]', ['a:1', 'b:2', 'c:3']],
  ] as const) {
    const kafka = kafkaOf(asking(brokers), env)
    assert.deepEqual([kafka.brokers, kafka.createTopics, kafka.replicationFactor], [expected, false, 3])
    assert.equal(kafka.sasl?.password.reveal(), password)
  }
})

test('brokers behind a variable keep their places in the file, and a missing variable is one fault', () => {
  const yaml = file('brokers:', '  - $' + '{A}', '  - $' + '{B}', '  - c')
  assert.deepEqual(
    told(yaml, { A: 'a:1,x,b:1' }).map(each => each.split(' | ').slice(0, 3)),
    [
      ['config.yaml:4:9', 'log.kafka.brokers[1]', broker.noPort],
      ['config.yaml:5:9', 'log.kafka.brokers[1]', 'refers to the environment variable B, which is not set'],
      ['config.yaml:6:9', 'log.kafka.brokers[4]', broker.noPort],
    ],
  )
  assert.deepEqual(
    faultsOf(file('brokers: $' + '{A}')).map(each => each.problem),
    ['refers to the environment variable A, which is not set'],
  )
})

test('neither a fault nor a printed configuration shows the password', () => {
  const sasl = (text: string) => withBrokers(`sasl: ${text}`)
  const wrong = [
    load(sasl(`{ mechanism: PLAIN, username: u, password: ${password} }`)),
    load(sasl(`{ mechanism: PLAIN, username: u, password: [${password}] }`)),
    load(sasl('{ mechanism: "$' + '{S}", username: u, password: "$' + '{S}" }'), { S: password }),
    load(undefined, { KAFKA_BROKERS: `SASL_SSL://u:${password},x@h:9092`, KAFKA_SASL_PASSWORD: password }),
    load(file('brokers: $' + '{B}'), { B: `SASL_SSL://u:${password},x@h:9092` }),
    load(file(`brokers: ["u:${password}@h:9092"]`)),
    load(undefined, { KAFKA_BROKERS: password }),
    load(undefined, { KAFKA_BROKERS: `h:9092,${password}:x` }),
    load(file('brokers: $' + '{B}'), { B: `a b ${password}` }),
    load(file(`brokers: ["${password}"]`)),
  ]
  for (const result of wrong) {
    assert.ok('faults' in result)
    assert.doesNotMatch(JSON.stringify(result.faults), /hunter2/)
  }
  const kafka = kafkaOf(
    withBrokers('tls: true', `sasl: { mechanism: PLAIN, username: u, password: ${password} }`),
  )
  for (const text of [JSON.stringify(kafka), inspect(kafka, { depth: 9, showHidden: true })]) {
    assert.doesNotMatch(text, /hunter2/)
    assert.match(text, /\[secret\]/)
  }
})
