import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { faultsOf, good, told } from './loading-for-tests.ts'
import { misspeltVariables } from './misspelt-variables.ts'

const secret = 'hunter2-hunter2'
const withRegistry = (registry: string, more = '') =>
  `log:\n  kafka:\n    brokers: [kafka-1:9092]\n${more}    schemaRegistry: ${registry}\n`
const registryOf = (registry: string, more = '') =>
  good(withRegistry(registry, more)).log.kafka?.schemaRegistry
const problems = (registry: string) =>
  faultsOf(withRegistry(registry)).map(each => `${each.path} ${each.problem}`)
const base = 'log.kafka.schemaRegistry'

test('a registry is its URL, with no login, a user or a token; without one events are single objects', () => {
  assert.equal(good('log: { kafka: { brokers: [k:1] } }').log.kafka?.schemaRegistry, null)
  const plain = { url: 'http://registry:8081/apis/ccompat/v7', login: null, caFile: null }
  assert.deepEqual(registryOf('{ url: "http://registry:8081/apis/ccompat/v7/" }'), plain)
  const byUser = registryOf('{ url: "https://r", username: u, passwordFile: /secret, caFile: /ca.pem }')
  assert.ok(byUser?.login && 'username' in byUser.login)
  assert.deepEqual(
    [byUser.url, byUser.caFile, byUser.login.username, byUser.login.password.reveal(), byUser.login.file],
    ['https://r', '/ca.pem', 'u', 'from-a-file', '/secret'],
  )
  const byToken = registryOf(`{ url: "https://r", token: ${secret} }`)
  assert.ok(byToken?.login && 'token' in byToken.login)
  assert.deepEqual([byToken.login.token.reveal(), byToken.login.file], [secret, null])
  assert.doesNotMatch(inspect(byToken, { depth: 9 }) + JSON.stringify(byToken), new RegExp(secret))
})

test('all that is wrong with it is told at once, and no secret', () => {
  assert.deepEqual(problems('{}'), [`${base}.url is missing`])
  assert.deepEqual(
    problems(
      `{ url: "https://r", username: u, token: ${secret}, tokenFile: /nowhere, caFile: /secret }`,
    ).toSorted(),
    [
      `${base}.caFile names a file that holds no PEM certificate`,
      `${base}.password is missing`,
      `${base}.tokenFile is given beside token: it is not clear which is meant`,
      `${base}.tokenFile names a file that cannot be read: /nowhere (there is no such file)`,
      `${base}.username is given beside a token: it is not clear which is meant`,
    ],
  )
  assert.deepEqual(problems(`{ url: "https://r", password: ${secret} }`), [
    `${base}.password is given without username`,
  ])
  for (const url of ['registry:8081', 'ftp://r', `https://u:${secret}@r`, 'https://r/?a=b', 'https://r/#a']) {
    const said = told(withRegistry(`{ url: "${url}" }`)).join('\n')
    assert.match(said, /must (be|not carry)/, url)
    assert.doesNotMatch(said, new RegExp(secret))
  }
})

test('a login goes over plain http:// to this machine only, unless that is accepted', () => {
  const login = `username: u, password: ${secret}`
  assert.deepEqual(problems(`{ url: "http://registry:8081", ${login} }`), [
    `${base}.url is plain http:// to another machine: the password or token could be read on the way`,
  ])
  assert.ok(registryOf(`{ url: "http://127.0.0.1:8081", ${login} }`))
  assert.ok(registryOf(`{ url: "http://registry:8081", ${login} }`, '    insecure: true\n'))
})

test('the environment names it beside KAFKA_BROKERS, and others that begin alike are let alone', () => {
  const env = {
    KAFKA_BROKERS: 'kafka-1:9092',
    SCHEMA_REGISTRY_URL: 'https://r',
    SCHEMA_REGISTRY_USERNAME: 'u',
    SCHEMA_REGISTRY_PASSWORD: secret,
    SCHEMA_REGISTRY_CA_FILE: '/ca.pem',
  }
  const read = good(undefined, env).log.kafka?.schemaRegistry
  assert.ok(read?.login && 'username' in read.login)
  assert.equal(read.login.password.reveal(), secret)
  const alone = told(undefined, { SCHEMA_REGISTRY_URL: 'https://r' }).join()
  assert.match(
    alone,
    /KAFKA_BROKERS .*is not set, .*or unset the other KAFKA_ and SCHEMA_REGISTRY_ variables/,
  )
  const halves = told(undefined, { KAFKA_BROKERS: 'k:1', SCHEMA_REGISTRY_USERNAME: 'u' }).join('\n')
  assert.match(halves, /SCHEMA_REGISTRY_URL .*is not set, but the schema registry needs it/)
  assert.match(halves, /SCHEMA_REGISTRY_PASSWORD .*is not set/)
  // As Kubernetes sets them for a service of that name, and as Confluent's own image reads them.
  const ofOthers = {
    SCHEMA_REGISTRY_PORT: 'tcp://1',
    SCHEMA_REGISTRY_SERVICE_HOST: '10.0.0.1',
    SCHEMA_REGISTRY_HOST_NAME: 'r',
  }
  assert.deepEqual(misspeltVariables({ ...env, ...ofOthers }), [])
})
