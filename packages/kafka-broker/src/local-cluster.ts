import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { KafkaBroker, KafkaCluster, KafkaOptions } from './contract.ts'
import { freePorts, isFree } from './free-ports.ts'
import type { KafkaJvm } from './kafka-jvm.ts'
import { BrokerStartError, LocalBroker } from './local-broker.ts'
import type { NodeAddress } from './server-properties.ts'

const attempts = 5
/** Three that end together wait 5 s for each other, which makes no difference to data about to be removed. */
const stopToRemoveMs = 1500

/** Brokers on this machine, ended with this process at the latest. */
export class LocalCluster implements KafkaCluster {
  readonly isOurs = true
  readonly brokers: readonly string[]
  readonly secured: readonly string[]
  readonly #nodes: readonly LocalBroker[]
  /** To be removed in the end. */
  readonly #folder: string | null

  constructor(nodes: readonly LocalBroker[], folder: string | null, isSecured: boolean) {
    this.#nodes = nodes
    this.#folder = folder
    this.brokers = nodes.map(({ address }) => `127.0.0.1:${address.port}`)
    this.secured = isSecured ? nodes.map(({ address }) => `127.0.0.1:${address.securedPort}`) : []
  }

  broker(index: number): KafkaBroker {
    const node = this.#nodes[index]
    if (!node) throw new Error(`no broker ${index}: the cluster has ${this.#nodes.length}, counted from 0`)
    return node
  }

  async stop(): Promise<void> {
    const isKept = this.#folder === null
    await Promise.all(this.#nodes.map(node => (isKept ? node.stop() : node.stop(stopToRemoveMs))))
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true })
  }
}

/** What was made for a start that was given up is removed again; a broker's log that an error names stays. */
export async function startLocalCluster(jvm: KafkaJvm, options: KafkaOptions): Promise<KafkaCluster> {
  const folder = resolve(options.folder ?? (await mkdtemp(join(tmpdir(), 'cf-audit-drain-kafka-'))))
  const ownFolder = options.folder === undefined ? folder : null
  try {
    await mkdir(folder, { recursive: true })
    return new LocalCluster(await startNodes(jvm, folder, options), ownFolder, options.secured !== undefined)
  } catch (error) {
    if (ownFolder && !(error instanceof BrokerStartError))
      await rm(ownFolder, { recursive: true, force: true })
    throw error
  }
}

async function startNodes(
  jvm: KafkaJvm,
  folder: string,
  options: KafkaOptions,
): Promise<readonly LocalBroker[]> {
  const clusterId = await clusterIdOf(folder)
  for (let attempt = 1; ; attempt++) {
    const addresses = await chooseAddresses(options)
    const nodes = addresses.map(
      address => new LocalBroker({ jvm, clusterId, folder: join(folder, `node-${address.id}`), address }),
    )
    try {
      await startTogether(nodes, addresses, options)
      return nodes
    } catch (error) {
      await Promise.all(nodes.map(node => node.kill()))
      if (!(error instanceof BrokerStartError && error.isPortTaken) || attempt === attempts) throw error
    }
  }
}

async function startTogether(
  nodes: readonly LocalBroker[],
  addresses: readonly NodeAddress[],
  options: KafkaOptions,
): Promise<void> {
  for (const node of nodes) await node.prepare(addresses, options)
  for (const node of nodes) node.launch()
  const ids = addresses.map(({ id }) => id)
  await Promise.all(nodes.map(node => node.ready(ids, options.signal)))
}

/** One per data folder, so that a broker that was given another one's port is not taken for it. */
async function clusterIdOf(folder: string): Promise<string> {
  const file = join(folder, 'cluster-id')
  if (existsSync(file)) return readFile(file, 'utf8')
  const id = randomBytes(16).toString('base64url')
  await writeFile(file, id)
  return id
}

/** The quorum's ports have to be known to every node before the first one starts. */
export async function chooseAddresses({
  brokers = 1,
  ports,
  secured,
}: KafkaOptions): Promise<readonly NodeAddress[]> {
  if (ports && ports.length !== brokers)
    throw new Error(`ports: ${ports.length} given for ${brokers} brokers; give one each`)
  for (const port of ports ?? [])
    if (!(await isFree(port)))
      throw new Error(`port ${port} of 127.0.0.1 is taken; end what listens there or choose another`)
  const free = await freePorts(3 * brokers)
  return Array.from({ length: brokers }, (_, index) => ({
    id: index + 1,
    port: ports?.[index] ?? (free[3 * index] as number),
    controllerPort: free[3 * index + 1] as number,
    securedPort: secured?.ports?.[index] ?? (free[3 * index + 2] as number),
  }))
}
