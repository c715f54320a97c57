import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { askBroker } from './ask-broker.ts'
import type { KafkaBroker, KafkaOptions } from './contract.ts'
import { GuardedProcess } from './guarded-process.ts'
import { brokerArgs, formatStorage, type KafkaJvm } from './kafka-jvm.ts'
import { scramArguments } from './secured-properties.ts'
import { type NodeAddress, serverProperties } from './server-properties.ts'
import { until } from './until.ts'

const readyMs = 90_000
const stopMs = 10_000

export interface NodePlace {
  readonly jvm: KafkaJvm
  readonly clusterId: string
  /** Of this node alone. */
  readonly folder: string
  readonly address: NodeAddress
}

/** A broker of ours did not come up. */
export class BrokerStartError extends Error {
  override readonly name = 'BrokerStartError'
  /** Something else listens where it should. */
  readonly isPortTaken: boolean

  constructor(message: string, isPortTaken: boolean) {
    super(message)
    this.isPortTaken = isPortTaken
  }
}

/** A broker on a JVM of its own, on this machine. */
export class LocalBroker implements KafkaBroker {
  readonly address: NodeAddress
  readonly #place: NodePlace
  readonly #logFile: string
  readonly #propertiesFile: string
  #process: GuardedProcess | null = null
  /** Where in the log this start begins. */
  #logStart = 0

  constructor(place: NodePlace) {
    this.#place = place
    this.address = place.address
    this.#logFile = join(place.folder, 'kafka.log')
    this.#propertiesFile = join(place.folder, 'server.properties')
  }

  get pid(): number | null {
    return this.#process?.pid ?? null
  }

  /** Writes its properties and, unless there are data, makes its storage. */
  async prepare(
    cluster: readonly NodeAddress[],
    { properties, secured, signal }: KafkaOptions,
  ): Promise<void> {
    const { jvm, clusterId, folder, address } = this.#place
    const dataFolder = join(folder, 'data')
    await mkdir(dataFolder, { recursive: true })
    await writeFile(this.#propertiesFile, serverProperties(address, cluster, dataFolder, properties, secured))
    if (existsSync(join(dataFolder, 'meta.properties'))) return
    const { id: nodeId } = address
    const storage = { propertiesFile: this.#propertiesFile, dataFolder, clusterId, nodeId }
    await formatStorage(jvm, { ...storage, others: scramArguments(secured) }, signal)
  }

  launch(): void {
    if (this.pid !== null) throw new Error(`the broker at port ${this.address.port} runs already`)
    const { jvm, folder } = this.#place
    this.#logStart = existsSync(this.#logFile) ? statSync(this.#logFile).size : 0
    this.#process = new GuardedProcess({
      command: jvm.java,
      args: brokerArgs(jvm, this.#propertiesFile),
      folder,
      logFile: this.#logFile,
    })
  }

  /** Resolves when it answers clients and counts these nodes among the brokers of its cluster. */
  async ready(nodeIds: readonly number[], signal?: AbortSignal): Promise<void> {
    try {
      await until('it answers as a broker of its cluster', () => this.#answers(nodeIds), readyMs, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw this.#startError((error as Error).message)
    }
  }

  async #answers(nodeIds: readonly number[]): Promise<boolean> {
    const end = this.#process?.end ?? null
    if (end !== null) throw new Error(`its process ended with ${end}`)
    const metadata = await askBroker(this.address.port)
    return metadata?.clusterId === this.#place.clusterId && nodeIds.every(id => metadata.nodeIds.includes(id))
  }

  #startError(why: string): BrokerStartError {
    const log = readFileSync(this.#logFile).subarray(this.#logStart).toString()
    const message = `the Kafka broker at 127.0.0.1:${this.address.port} did not start: ${why}; ${this.#logFile} says\n${complaints(log)}`
    return new BrokerStartError(message, log.includes('Address already in use'))
  }

  async start(): Promise<void> {
    this.launch()
    try {
      await this.ready([this.address.id])
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async stop(patienceMs = stopMs): Promise<void> {
    await this.#process?.stop(patienceMs)
  }

  async pause(): Promise<void> {
    this.#process?.signal('SIGSTOP')
  }

  async resume(): Promise<void> {
    this.#process?.signal('SIGCONT')
  }
}

/** The last lines that are neither news nor a trace; when there are none, the last lines. */
export function complaints(log: string): string {
  const lines = log.trimEnd().split('\n')
  const telling = lines.filter(line => !/^\s|\] (?:INFO|WARN) /.test(line))
  return (telling.length > 0 ? telling : lines).slice(-15).join('\n')
}
