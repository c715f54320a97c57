import { brokersIn } from './expand-kafka-shorthands.ts'
import type { Fault } from './fault.ts'
import { optionComplaint } from './issue-faults.ts'
import { foundationSchema } from './schema.ts'
import type { Path, SettingsTree } from './settings-tree.ts'
import { isMapping } from './settings-tree.ts'

type Env = Readonly<Record<string, string | undefined>>

interface Variable {
  readonly name: string
  readonly path: Path
  /** `process`: over the file. `foundation`, `sink`, `log`: together the only one of its kind, when the file has none. */
  readonly scope: 'process' | 'foundation' | 'sink' | 'log'
}

const foundation = (
  name: string,
  key: keyof typeof foundationSchema.shape,
  ...below: readonly string[]
): Variable => ({
  name,
  path: ['foundations', 0, key, ...below],
  scope: 'foundation',
})

const kafka = (name: string, ...keys: readonly string[]): Variable => ({
  name,
  path: ['log', 'kafka', ...keys],
  scope: 'log',
})

/** Every environment variable that is read; an empty one counts as not set. */
export const variables: readonly Variable[] = [
  foundation('CF_API', 'api'),
  foundation('CF_CLIENT_ID', 'clientId'),
  foundation('CF_CLIENT_SECRET', 'clientSecret'),
  foundation('CF_CLIENT_SECRET_FILE', 'clientSecretFile'),
  foundation('CF_LOGIN_USERNAME', 'username'),
  foundation('CF_LOGIN_PASSWORD', 'password'),
  foundation('CF_LOGIN_PASSWORD_FILE', 'passwordFile'),
  foundation('CF_REFRESH_TOKEN', 'refreshToken'),
  foundation('CF_REFRESH_TOKEN_FILE', 'refreshTokenFile'),
  foundation('CF_API_VERSION', 'apiVersion'),
  foundation('CF_CA_FILE', 'caFile'),
  foundation('CF_FOUNDATION', 'name'),
  foundation('CF_INSECURE', 'insecure'),
  foundation('POLL_INTERVAL', 'pollInterval'),
  foundation('VERIFY_INTERVAL', 'verifyInterval'),
  foundation('STATE_DIFFERENCES_EVERY', 'stateDifferences', 'every'),
  foundation('START_FROM', 'startFrom'),
  foundation('CF_RETENTION', 'retention'),
  foundation('NAMES', 'names'),
  foundation('NAME_WAIT', 'nameWait'),
  foundation('TASK_FOLLOW', 'tasks', 'follow'),
  foundation('TASK_COMMAND', 'tasks', 'command'),
  foundation('STRICT', 'strict'),
  { name: 'SINK_URL', path: ['sinks', 0, 'url'], scope: 'sink' },
  kafka('KAFKA_BROKERS', 'brokers'),
  kafka('KAFKA_PREFIX', 'prefix'),
  kafka('KAFKA_DELIVERY', 'delivery'),
  kafka('KAFKA_TLS_CA_FILE', 'tls', 'caFile'),
  kafka('KAFKA_SASL_MECHANISM', 'sasl', 'mechanism'),
  kafka('KAFKA_SASL_USERNAME', 'sasl', 'username'),
  kafka('KAFKA_SASL_PASSWORD', 'sasl', 'password'),
  kafka('SCHEMA_REGISTRY_URL', 'schemaRegistry', 'url'),
  kafka('SCHEMA_REGISTRY_USERNAME', 'schemaRegistry', 'username'),
  kafka('SCHEMA_REGISTRY_PASSWORD', 'schemaRegistry', 'password'),
  kafka('SCHEMA_REGISTRY_TOKEN', 'schemaRegistry', 'token'),
  kafka('SCHEMA_REGISTRY_CA_FILE', 'schemaRegistry', 'caFile'),
  { name: 'DATA_DIR', path: ['log', 'dir'], scope: 'process' },
  { name: 'HTTP_ADDRESS', path: ['http', 'address'], scope: 'process' },
  { name: 'LOG_LEVEL', path: ['logging', 'level'], scope: 'process' },
  { name: 'SCRUB_KEY', path: ['scrub', 'key'], scope: 'process' },
  { name: 'SCRUB_KEY_FILE', path: ['scrub', 'keyFile'], scope: 'process' },
  { name: 'SHUTDOWN_TIMEOUT', path: ['shutdownTimeout'], scope: 'process' },
]

/** A foundation is meant when one of these is set; the others alone only tune the one there would be. */
const foundationKeys = [
  'CF_API',
  'CF_CLIENT_ID',
  'CF_CLIENT_SECRET',
  'CF_CLIENT_SECRET_FILE',
  'CF_LOGIN_USERNAME',
  'CF_LOGIN_PASSWORD',
  'CF_LOGIN_PASSWORD_FILE',
  'CF_REFRESH_TOKEN',
  'CF_REFRESH_TOKEN_FILE',
]

/** The name of the sink that SINK_URL makes: a fixed one, so that moving the SIEM does not send everything again. */
export const environmentSinkName = 'siem'

/** Lays the environment over what the file gave. */
export function applyEnvironment(
  env: Env,
  references: ReadonlySet<string>,
  tree: SettingsTree,
): readonly Fault[] {
  const faults: Fault[] = []
  const set = variables.filter(variable => (env[variable.name] ?? '') !== '')
  const lay = (variable: Variable) =>
    tree.set(variable.path, env[variable.name], {
      where: whereOf(variable.name),
      assignment: `${variable.name}=`,
    })

  // Before DATA_DIR puts one there.
  const fileHasLog = hasLog(tree)
  for (const variable of set.filter(each => each.scope === 'process' && !references.has(each.name))) {
    if (variable.path[0] === 'scrub') dropScrub(tree)
    lay(variable)
  }

  const ofFoundation = set.filter(each => each.scope === 'foundation')
  const ofSink = set.filter(each => each.scope === 'sink')
  if (has(tree, 'foundations')) faults.push(...refuse(ofFoundation, 'foundations', references))
  else if (ofFoundation.some(each => foundationKeys.includes(each.name))) {
    for (const variable of ofFoundation) lay(variable)
    tree.note(['foundations', 0], { where: 'environment' })
  } else for (const variable of ofFoundation) faults.push(...judgeAlone(variable, env))

  if (has(tree, 'sinks')) faults.push(...refuse(ofSink, 'sinks', references))
  else {
    for (const variable of ofSink) {
      lay(variable)
      tree.set(['sinks', 0, 'name'], environmentSinkName, { where: whereOf(variable.name) })
    }
  }

  const ofLog = set.filter(each => each.scope === 'log')
  if (fileHasLog) faults.push(...refuse(ofLog, 'log', references))
  else if (ofLog.length > 0) {
    for (const variable of ofLog) lay(variable)
    tree.note(['log', 'kafka'], { where: 'environment' })
    topicsByDefault(tree, env['KAFKA_BROKERS'] ?? '')
  }
  return faults
}

/** Without a file there is nobody to make the topics beforehand, and one broker is a try on one machine. */
function topicsByDefault(tree: SettingsTree, brokers: string): void {
  const origin = { where: whereOf('KAFKA_BROKERS') }
  tree.set(['log', 'kafka', 'createTopics'], true, origin)
  tree.set(['log', 'kafka', 'replicationFactor'], brokersIn(brokers).length === 1 ? 1 : 3, origin)
}

export function whereOf(variable: string): string {
  return `environment variable ${variable}`
}

function has(tree: SettingsTree, key: 'foundations' | 'sinks'): boolean {
  const list = tree.get([key])
  return list !== undefined && !(Array.isArray(list) && list.length === 0)
}

function hasLog(tree: SettingsTree): boolean {
  const log = tree.get(['log'])
  return isMapping(log) ? Object.keys(log).length > 0 : log !== undefined
}

/** SCRUB_KEY replaces a keyFile of the file, and the other way round; both variables together stay a fault. */
function dropScrub(tree: SettingsTree): void {
  const scrub = tree.root['scrub']
  if (!isMapping(scrub)) return
  for (const key of ['key', 'keyFile']) {
    if (!tree.origin(['scrub', key]).where.startsWith('environment')) delete scrub[key]
  }
}

function refuse(set: readonly Variable[], key: string, references: ReadonlySet<string>): Fault[] {
  return set
    .filter(variable => !references.has(variable.name))
    .map(variable => ({
      where: whereOf(variable.name),
      path: '',
      problem: `is set, but the file configures ${key} already: it is not clear which is meant`,
      instead: `unset ${variable.name}, or write $\{${variable.name}} in the file where it belongs, or take ${key} out of the file`,
    }))
}

function judgeAlone(variable: Variable, env: Env): readonly Fault[] {
  const [, , key, ...below] = variable.path
  const schema = foundationSchema.shape[key as keyof typeof foundationSchema.shape]
  const value = below.reduceRight<unknown>((inner, name) => ({ [name]: inner }), env[variable.name])
  const origin = { where: whereOf(variable.name), assignment: `${variable.name}=` }
  const fault = optionComplaint(schema, value, variable.path, origin)
  return fault === undefined ? [] : [fault]
}
