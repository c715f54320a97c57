import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { faultsOf, good } from './loading-for-tests.ts'

const secret = 'hunter2-hunter2'
const withSasl = (sasl: string) =>
  `log:\n  kafka:\n    brokers: [kafka-1:9092]\n    tls: true\n    sasl: ${sasl}\n`
const saslOf = (sasl: string) => {
  const read = good(withSasl(sasl)).log.kafka?.sasl
  assert.ok(read?.mechanism === 'OAUTHBEARER')
  return read
}
const problems = (sasl: string) => faultsOf(withSasl(sasl)).map(each => `${each.path} ${each.problem}`)

test('OAUTHBEARER takes a token from a file, or from an endpoint with a client', () => {
  assert.deepEqual(saslOf('{ mechanism: OAUTHBEARER, token: { file: /secret } }'), {
    mechanism: 'OAUTHBEARER',
    token: { file: '/secret' },
    extensions: {},
  })
  const client = `url: "https://login/oauth/token?tenant=1", clientId: drain, scope: kafka, audience: a, caFile: /ca.pem`
  const { token, extensions } = saslOf(
    `{ mechanism: OAUTHBEARER, token: { ${client}, clientSecretFile: /secret }, extensions: [logicalCluster=lkc-1, x=a=b] }`,
  )
  assert.ok('url' in token)
  const { clientSecret, ...others } = token
  assert.deepEqual(others, {
    url: 'https://login/oauth/token?tenant=1',
    clientId: 'drain',
    clientSecretFile: '/secret',
    scope: 'kafka',
    audience: 'a',
    caFile: '/ca.pem',
  })
  assert.equal(clientSecret.reveal(), 'from-a-file')
  assert.deepEqual(extensions, { logicalCluster: 'lkc-1', x: 'a=b' })
})

test('a token that is not whole, or two ways at once, is told', () => {
  const sasl = (rest: string) => problems(`{ mechanism: OAUTHBEARER, ${rest} }`)
  assert.deepEqual(sasl('username: u, token: { file: /secret }'), [
    'log.kafka.sasl.username is given, but OAUTHBEARER logs in with a token',
  ])
  assert.deepEqual(problems('{ mechanism: OAUTHBEARER }'), ['log.kafka.sasl.token is missing'])
  assert.deepEqual(sasl('token: { scope: x }'), [
    'log.kafka.sasl.token names neither a file nor a url',
    'log.kafka.sasl.token.clientId is missing',
    'log.kafka.sasl.token.clientSecret is missing',
  ])
  assert.deepEqual(sasl('token: { file: /secret, scope: x }'), [
    'log.kafka.sasl.token.scope is for a token endpoint, but file is given',
  ])
  assert.deepEqual(sasl('token: { file: /nowhere }').length, 1)
  assert.deepEqual(problems('{ mechanism: PLAIN, username: u, password: p, token: { file: /secret } }'), [
    'log.kafka.sasl.token is for the mechanism OAUTHBEARER',
  ])
})

test('the endpoint is asked over TLS, and extensions have a name', () => {
  const url = (text: string) =>
    problems(`{ mechanism: OAUTHBEARER, token: { url: "${text}", clientId: c, clientSecret: ${secret} } }`)
  for (const wrong of ['http://login/token', 'login', `https://u:${secret}@login/token`]) {
    const [problem, ...others] = url(wrong)
    assert.match(problem ?? '', /^log\.kafka\.sasl\.token\.url /, wrong)
    assert.deepEqual(others, [], wrong)
    assert.doesNotMatch(problem ?? '', /hunter2/)
  }
  saslOf('{ mechanism: OAUTHBEARER, token: { url: "http://127.0.0.1:1/t", clientId: c, clientSecret: s } }')
  for (const wrong of ['auth=x', 'a', 'a1=b', '=b'])
    assert.match(
      problems(`{ mechanism: OAUTHBEARER, token: { file: /secret }, extensions: ["${wrong}"] }`)[0] ?? '',
      /extensions\[0\] must be name=value/,
      wrong,
    )
})

test('a printed configuration does not show the secret of the client', () => {
  const sasl = saslOf(
    `{ mechanism: OAUTHBEARER, token: { url: "https://l/t", clientId: c, clientSecret: ${secret} } }`,
  )
  for (const text of [JSON.stringify(sasl), inspect(sasl, { depth: 9, showHidden: true })])
    assert.doesNotMatch(text, /hunter2/)
})
