import { isLoopback } from './api-url.ts'
import type { FileChecks } from './check-files.ts'
import { checkOneSecret } from './check-one-secret.ts'
import { checkTlsFiles } from './check-tls-files.ts'
import { brokerHost, parseBroker } from './kafka-broker.ts'
import type { Say } from './say.ts'
import { isMapping, type Path, type SettingsTree } from './settings-tree.ts'

const kafka: Path = ['log', 'kafka']
/** As the schema has it. */
const defaultReplicas = 3
const saslPath: Path = [...kafka, 'sasl']

/** What no setting of the log on Kafka can see alone. */
export function checkKafka(tree: SettingsTree, files: FileChecks, say: Say): void {
  if (tree.get(kafka) === undefined) return
  oneLog(tree, say)
  const brokers = goodBrokers(tree)
  brokersOnce(brokers, say)
  enoughReplicas(tree, say)
  checkTlsFiles(tree, [...kafka, 'tls'], files, say)
  if (!isMapping(tree.get(saslPath))) return
  checkOneSecret(tree, saslPath, { key: 'password', fileKey: 'passwordFile', isRequired: true }, say)
  plainLogin(tree, brokers, say)
}

/** `dir` of a variable or an option stays: the scrubbing key is kept there. */
function oneLog(tree: SettingsTree, say: Say): void {
  const isInFile = (key: string) =>
    tree.get(['log', key]) !== undefined && tree.keyOrigin(['log', key]).assignment === undefined
  if (isInFile('dir'))
    say(
      ['log', 'dir'],
      'is given beside kafka, but the log is on Kafka',
      'take out dir (DATA_DIR or --data-dir names the folder of the scrubbing key), or take out kafka',
    )
  if (isInFile('retention'))
    say(
      ['log', 'retention'],
      'is given beside kafka, but the log is on Kafka',
      'take out retention (the topics have their own: retention.ms, retention.bytes), or take out kafka',
    )
}

function enoughReplicas(tree: SettingsTree, say: Say): void {
  const path = [...kafka, 'topics', 'minInsyncReplicas']
  const [inSync, replicas] = [path, [...kafka, 'replicationFactor']].map(each => tree.get(each))
  if (inSync === undefined || !(Number(inSync) > Number(replicas ?? defaultReplicas))) return
  say(
    path,
    `is more than replicationFactor (${Number(replicas ?? defaultReplicas)}): nothing could ever be published`,
    'write at most replicationFactor; one less lets a broker be down',
  )
}

interface PlacedBroker {
  readonly broker: string
  readonly index: number
}

function goodBrokers(tree: SettingsTree): readonly PlacedBroker[] {
  const list = tree.get([...kafka, 'brokers'])
  if (!Array.isArray(list)) return []
  return list.flatMap((text: unknown, index) => {
    if (typeof text !== 'string' || tree.isSpoiled([...kafka, 'brokers', index])) return []
    const broker = parseBroker(text)
    return typeof broker === 'string' ? [{ broker, index }] : []
  })
}

function brokersOnce(brokers: readonly PlacedBroker[], say: Say): void {
  const holders = new Map<string, number>()
  for (const { broker, index } of brokers) {
    const holder = holders.get(broker.toLowerCase())
    if (holder === undefined) holders.set(broker.toLowerCase(), index)
    else say([...kafka, 'brokers', index], `is the same as brokers[${holder}]`, 'name each broker once')
  }
}

function plainLogin(tree: SettingsTree, brokers: readonly PlacedBroker[], say: Say): void {
  if (tree.get([...kafka, 'tls']) !== undefined) return
  const insecure = tree.get([...kafka, 'insecure'])
  if (insecure === true || insecure === 'true') return
  if (brokers.every(({ broker }) => isLoopback(brokerHost(broker)))) return
  const given = ['mechanism', 'username', 'password', 'passwordFile'].find(
    key => tree.get([...saslPath, key]) !== undefined,
  )
  say(
    given === undefined ? saslPath : [...saslPath, given],
    'goes without TLS to another machine: the password (with SCRAM, what it can be guessed from) and every event could be read on the way',
    'write tls: true or tls: { caFile: /path } (KAFKA_TLS_CA_FILE), or insecure: true if that is known and accepted',
  )
}
