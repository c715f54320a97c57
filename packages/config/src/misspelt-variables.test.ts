import assert from 'node:assert/strict'
import { test } from 'node:test'
import { variables } from './environment.ts'
import { type LoadInput, loadConfig } from './load-config.ts'
import { misspeltVariables } from './misspelt-variables.ts'

const meantBy = (written: string) => misspeltVariables({ [written]: 'x' })[0]?.meant

test('other separators, another case, a needless word and a wrong letter are taken for the variable they are near', () => {
  const pairs = {
    CF_CLIENTID: 'CF_CLIENT_ID',
    CF_CLIENT_SECRETS: 'CF_CLIENT_SECRET',
    CF_CLEINT_SECRET: 'CF_CLIENT_SECRET',
    CFAPI: 'CF_API',
    cf_api: 'CF_API',
    CF_API_URL: 'CF_API',
    CF_API_ENDPOINT: 'CF_API',
    SINK_URI: 'SINK_URL',
    SINK_ULR: 'SINK_URL',
    POLL_INTERVALL: 'POLL_INTERVAL',
    POLL_INTERVAL_SECONDS: 'POLL_INTERVAL',
    DATADIR: 'DATA_DIR',
    'DATA-DIR': 'DATA_DIR',
    CF_CLIENT_SECRETFILE: 'CF_CLIENT_SECRET_FILE',
    KAFKA_BROKER: 'KAFKA_BROKERS',
    KAFKA_BROKERS_URL: 'KAFKA_BROKERS',
    KAFKA_TLS_CAFILE: 'KAFKA_TLS_CA_FILE',
    KAFKA_SASL_MECHANISMS: 'KAFKA_SASL_MECHANISM',
    KAFKA_SASL_USER_NAME: 'KAFKA_SASL_USERNAME',
    KAFKA_SASL_PASWORD: 'KAFKA_SASL_PASSWORD',
  }
  assert.deepEqual(Object.fromEntries(Object.keys(pairs).map(written => [written, meantBy(written)])), pairs)
})

test('what the cf CLI, a container, a shell and other programs read is nobody else’s mistake', () => {
  const others =
    'CF_HOME CF_TRACE CF_COLOR CF_STAGING_TIMEOUT CF_STARTUP_TIMEOUT CF_DIAL_TIMEOUT CF_PLUGIN_HOME CF_USERNAME CF_PASSWORD ' +
    'CF_DOCKER_PASSWORD CF_CNB_REGISTRY_CREDS CF_EXPERIMENTAL CF_LOG_LEVEL CF_INSTANCE_GUID CF_INSTANCE_INDEX VCAP_APPLICATION ' +
    'VCAP_SERVICES CF_ORG CF_SPACE CF_APP PATH HOME HTTP_PROXY HTTPS_PROXY NO_PROXY XDG_DATA_DIRS XDG_DATA_HOME LANG TERM PORT ' +
    'NODE_ENV npm_config_user_agent npm_package_name LS_COLORS SSH_CLIENT SHLVL HTTP_HOST DATABASE_URL UAA_URL KAFKA_BROKER_ID KAFKA_HOME KAFKA_OPTS KAFKA_HEAP_OPTS'
  const env = Object.fromEntries(others.split(' ').map(name => [name, 'x']))
  assert.deepEqual(misspeltVariables(env), [])
})

test('ours are never taken for one another, and beside the right one or empty the near one says nothing', () => {
  for (const { name } of variables) assert.equal(meantBy(name), undefined, name)
  assert.deepEqual(misspeltVariables({ CF_API: 'https://a.example.com', CF_API_URL: 'x' }), [])
  assert.deepEqual(misspeltVariables({ CFAPI: '' }), [])
})

const load = (env: LoadInput['env'], file?: LoadInput['file']) => {
  const loaded = loadConfig({
    env,
    file,
    readFile: () => {
      throw new Error('no file is read here')
    },
  })
  return 'faults' in loaded ? loaded.faults : []
}

test('what a foundation lacks is told with the near variable that is set, never with its value', () => {
  const env = { CF_API: 'https://api.sys.example.com', CF_CLIENTID: 'drain', CF_CLIENT_SECRETS: 'p4ssw0rd' }
  const faults = load(env)
  assert.deepEqual(
    faults.map(({ where, instead }) => `${where}: ${instead}`),
    [
      'environment variable CF_CLIENT_ID: did you mean CF_CLIENT_ID (CF_CLIENTID is set and nobody reads it)? Otherwise set CF_CLIENT_ID, or unset the other CF_ variables',
      'environment variable CF_CLIENT_SECRET: did you mean CF_CLIENT_SECRET (CF_CLIENT_SECRETS is set and nobody reads it)? Otherwise set CF_CLIENT_SECRET (or CF_CLIENT_SECRET_FILE), or unset the other CF_ variables',
    ],
  )
  assert.doesNotMatch(JSON.stringify(faults), /p4ssw0rd|drain"/)
})

test('beside a file nothing is guessed', () => {
  const env = { CF_API: 'https://api.sys.example.com', CF_CLIENT_SECRET: 'x', CF_CLIENTID: 'drain' }
  const faults = load(env, { path: 'config.yaml', text: 'log: {dir: /d}\n' })
  assert.equal(faults.length, 1)
  assert.doesNotMatch(faults[0]?.instead ?? '', /CF_CLIENTID/)
})
