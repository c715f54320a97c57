import { askBroker } from './ask-broker.ts'
import type { KafkaBroker } from './contract.ts'
import type { DockerContainer, StartedContainer } from './docker-engine.ts'
import { BrokerStartError, complaints } from './local-broker.ts'
import type { NodeAddress } from './server-properties.ts'
import { until } from './until.ts'

const readyMs = 90_000
const stopSec = 10
const linesToTell = 200

/** A broker in a container of its own, whose port is one of this machine. */
export class DockerBroker implements KafkaBroker {
  readonly address: NodeAddress
  readonly #started: StartedContainer
  readonly #container: DockerContainer
  readonly #clusterId: string
  #pid: number | null = null

  constructor(
    address: NodeAddress,
    started: StartedContainer,
    container: DockerContainer,
    clusterId: string,
  ) {
    this.address = address
    this.#started = started
    this.#container = container
    this.#clusterId = clusterId
  }

  get pid(): number | null {
    return this.#pid
  }

  /** Resolves when it answers clients and counts itself among the brokers of its cluster. */
  async ready(signal?: AbortSignal): Promise<void> {
    try {
      await until('it answers as a broker of its cluster', () => this.#answers(), readyMs, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw this.#startError(`${(error as Error).message}; it says\n${complaints(await this.#log())}`)
    }
  }

  #startError(why: string): BrokerStartError {
    const where = `the Kafka broker at 127.0.0.1:${this.address.port}, container ${this.#started.getId().slice(0, 12)},`
    return new BrokerStartError(`${where} did not start: ${why}`, /already (?:in use|allocated)/.test(why))
  }

  async #notePid(): Promise<void> {
    const { State } = await this.#container.inspect()
    this.#pid = State.Pid > 0 ? State.Pid : null
  }

  async #answers(): Promise<boolean> {
    await this.#notePid()
    if (this.#pid === null) throw new Error('its container has ended')
    const metadata = await askBroker(this.address.port)
    return metadata?.clusterId === this.#clusterId && metadata.nodeIds.includes(this.address.id)
  }

  async #log(): Promise<string> {
    const options = { stdout: true, stderr: true, follow: false, tail: linesToTell } as const
    return textOf(await this.#container.logs(options))
  }

  async start(): Promise<void> {
    if (this.#pid !== null) throw new Error(`the broker at port ${this.address.port} runs already`)
    try {
      await this.#container.start()
    } catch (error) {
      throw this.#startError((error as Error).message)
    }
    try {
      await this.ready()
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  async kill(): Promise<void> {
    if (this.#pid === null) return
    await this.#container.kill()
    await this.#gone()
  }

  async stop(): Promise<void> {
    if (this.#pid === null) return
    await this.#container.stop({ t: stopSec })
    await this.#gone()
  }

  async #gone(): Promise<void> {
    const hasEnded = async () => {
      await this.#notePid()
      return this.#pid === null
    }
    await until('the container ends', hasEnded, 20_000)
  }

  /** Of the broker alone: a container that Docker paused could not be killed. */
  async pause(): Promise<void> {
    await this.#container.kill({ signal: 'SIGSTOP' })
  }

  async resume(): Promise<void> {
    await this.#container.kill({ signal: 'SIGCONT' })
  }

  /** With its data. A paused one is ended too. */
  async remove(): Promise<void> {
    await this.#container.kill().catch(() => {})
    await this.#started.stop({ timeout: 0 }).catch(unlessGone)
  }
}

/** Somebody else may have removed it. */
function unlessGone(error: unknown): void {
  if ((error as { readonly statusCode?: number }).statusCode !== 404) throw error
}

/** Docker puts eight bytes before each piece of a log: which stream, and its length in the last four. */
function textOf(log: Buffer): string {
  const pieces: Buffer[] = []
  for (let at = 0; at + 8 <= log.length; ) {
    const end = at + 8 + log.readUInt32BE(at + 4)
    pieces.push(log.subarray(at + 8, end))
    at = end
  }
  return Buffer.concat(pieces).toString()
}
