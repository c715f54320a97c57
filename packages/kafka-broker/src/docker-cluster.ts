import { randomBytes } from 'node:crypto'
import type { KafkaBroker, KafkaCluster, KafkaOptions } from './contract.ts'
import { DockerBroker } from './docker-broker.ts'
import { type DockerEngine, kafkaImage } from './docker-engine.ts'
import { chooseAddresses } from './local-cluster.ts'
import { type NodeAddress, serverProperties } from './server-properties.ts'

/** Of the image; it outlives the broker, and goes with the container. */
const dataFolder = '/var/lib/kafka/data'

/** One broker in a container, which goes with this process at the latest. */
class DockerCluster implements KafkaCluster {
  readonly isOurs = true
  readonly secured = []
  readonly brokers: readonly string[]
  readonly #broker: DockerBroker
  #isStopped = false

  constructor(broker: DockerBroker) {
    this.#broker = broker
    this.brokers = [`127.0.0.1:${broker.address.port}`]
  }

  broker(index: number): KafkaBroker {
    if (index !== 0) throw new Error(`no broker ${index}: the cluster has 1, counted from 0`)
    return this.#broker
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    await this.#broker.remove()
  }
}

/** What of these options a Kafka in Docker cannot do; null when it can do all of it. */
export function beyondDocker({ folder, secured, brokers = 1 }: KafkaOptions): string | null {
  if (secured !== undefined) return 'a listener with a login is made on a JVM only'
  if (folder !== undefined) return 'its data would not be in the folder that was named'
  // Docker forgets the name of a container that was killed, and the others would wait for name servers.
  if (brokers > 1) return `${brokers} brokers, of which one may be killed, need addresses that stay`
  return null
}

/** Throws when the broker does not start, with what it says last. What was made for it is removed again. */
export async function startDockerCluster(engine: DockerEngine, options: KafkaOptions): Promise<KafkaCluster> {
  const [address] = (await chooseAddresses(options)) as readonly [NodeAddress]
  options.signal?.throwIfAborted()
  const broker = await launch(engine, address, options)
  try {
    await broker.ready(options.signal)
    return new DockerCluster(broker)
  } catch (error) {
    await broker.remove()
    throw error
  }
}

/** Whether Kafka is ready is asked in the same way whatever it runs on. */
const noWait = {
  waitUntilReady: async () => {},
  withStartupTimeout: () => noWait,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => 0,
}

async function launch(
  { testcontainers, client }: DockerEngine,
  address: NodeAddress,
  { properties }: KafkaOptions,
): Promise<DockerBroker> {
  const clusterId = randomBytes(16).toString('base64url')
  const { port, controllerPort } = address
  // Outside and inside the same port, so that the broker finds itself where it tells clients to look.
  const listeners = `PLAINTEXT://0.0.0.0:${port},CONTROLLER://127.0.0.1:${controllerPort}`
  const text = serverProperties(address, [address], dataFolder, { listeners, ...properties })
  const started = await new testcontainers.GenericContainer(kafkaImage)
    .withEnvironment({ ...asVariables(text), CLUSTER_ID: clusterId, KAFKA_HEAP_OPTS: '-Xmx512m' })
    .withExposedPorts({ container: port, host: port })
    .withWaitStrategy(noWait)
    .start()
  return new DockerBroker(address, started, client.container.getById(started.getId()), clusterId)
}

/** Lines of server.properties as the image reads them: KAFKA_, capitals, a dot as _, an underscore as __, a hyphen as ___. */
function asVariables(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter(line => line !== '')
  return Object.fromEntries(
    lines.map(line => {
      const at = line.indexOf('=')
      const name = line.slice(0, at).replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_')
      return [`KAFKA_${name.toUpperCase()}`, line.slice(at + 1).replaceAll('\\\\', '\\')]
    }),
  )
}
