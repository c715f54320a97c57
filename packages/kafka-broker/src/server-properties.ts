import type { SecuredListener } from './contract.ts'
import { securedProperties } from './secured-properties.ts'

export interface NodeAddress {
  /** 1, 2, 3. */
  readonly id: number
  /** Where clients connect. */
  readonly port: number
  /** Where clients that log in connect, if they can. */
  readonly securedPort: number
  /** Where the controllers talk to each other. */
  readonly controllerPort: number
}

/** server.properties of one node of a cluster on 127.0.0.1 in which every node is broker and controller. */
export function serverProperties(
  node: NodeAddress,
  cluster: readonly NodeAddress[],
  dataFolder: string,
  overrides: Readonly<Record<string, string>> = {},
  secured?: SecuredListener,
): string {
  const open = ofNode(node, cluster, dataFolder)
  const properties = {
    ...open,
    ...(secured === undefined ? {} : securedProperties(node, secured, open)),
    ...replication(cluster.length),
    ...quickForTests,
    ...smallForTests,
    ...overrides,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('')
}

function ofNode(node: NodeAddress, cluster: readonly NodeAddress[], dataFolder: string) {
  const forClients = `PLAINTEXT://127.0.0.1:${node.port}`
  return {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    listeners: `${forClients},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': forClients,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'controller.quorum.voters': cluster
      .map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`)
      .join(','),
    'log.dirs': dataFolder,
    'auto.create.topics.enable': 'false',
    'unclean.leader.election.enable': 'false',
  }
}

/** Every topic, Kafka's own too, on every broker; one of three may be down. */
function replication(brokers: number) {
  const factor = String(brokers)
  const inSync = brokers > 1 ? '2' : '1'
  return {
    'default.replication.factor': factor,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': factor,
    'offsets.topic.num.partitions': '3',
    'transaction.state.log.replication.factor': factor,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '3',
    'share.coordinator.state.topic.replication.factor': factor,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': '3',
  }
}

/** What else takes ten seconds to minutes: sessions to end, transactions to be given up, old records to go. */
const quickForTests = {
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '500',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'log.initial.task.delay.ms': '500',
  'log.retention.check.interval.ms': '1000',
  'log.cleaner.backoff.ms': '1000',
  'log.segment.delete.delay.ms': '1000',
}

const smallForTests = {
  'num.network.threads': '2',
  'num.io.threads': '4',
  'background.threads': '2',
  'log.cleaner.dedupe.buffer.size': '8388608',
}
