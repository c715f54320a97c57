import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterAdmin, type KafkaCluster } from '@cf-audit-drain/kafka-broker'
import { seenByKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { CommandProcess } from '../command-process.ts'
import { deliveryMax } from '../drain.ts'
import type { LoggedState } from '../read-ends.ts'
import type { Subject } from '../subject.ts'
import { until } from '../until.ts'
import { readKafkaLog } from './read-kafka-log.ts'

export interface KafkaDrainOptions {
  readonly folder: string
  readonly config: object
  readonly prefix: string
  readonly foundations: readonly string[]
  readonly pollers: number
  readonly sinks: number
  readonly sinkEnv?: Readonly<Record<string, string>>
}

/** Pollers and sinks as processes of their own, with a log on Kafka between them. */
export class KafkaDrain implements Subject {
  readonly prefix: string
  readonly pollers: readonly CommandProcess[]
  readonly sinks: readonly CommandProcess[]
  readonly admin: ClusterAdmin
  readonly cluster: KafkaCluster
  readonly #foundations: readonly string[]
  /** Those that a kind has ended, for good or for a while. */
  readonly #away = new Set<CommandProcess>()
  #deathBound = 0

  constructor(cluster: KafkaCluster, options: KafkaDrainOptions) {
    const { folder, config, prefix, foundations, pollers, sinks, sinkEnv = {} } = options
    this.cluster = cluster
    this.admin = new ClusterAdmin(cluster.brokers)
    this.prefix = prefix
    this.#foundations = foundations
    const configFile = join(folder, 'drain.yaml')
    writeFileSync(configFile, JSON.stringify(config, null, 2))
    const several = (command: 'poller' | 'sink', count: number, env: Readonly<Record<string, string>>) =>
      Array.from({ length: count }, (_, at) => {
        const args = [command, '--config', configFile]
        // Two pollers on two machines would be given one key; these find the same folder.
        if (command === 'poller') args.push('--data-dir', join(folder, 'data'))
        return new CommandProcess({ folder, name: `${command}-${at + 1}`, args, env })
      })
    this.pollers = several('poller', pollers, {})
    this.sinks = several('sink', sinks, sinkEnv)
    for (const sink of this.sinks) this.#away.add(sink)
  }

  get poller(): CommandProcess {
    return this.pollers[0] as CommandProcess
  }

  get sink(): CommandProcess {
    return this.sinks[0] as CommandProcess
  }

  get processes(): readonly CommandProcess[] {
    return [...this.pollers, ...this.sinks]
  }

  events(foundation = this.#foundations[0] ?? ''): string {
    return `${this.prefix}.events.${foundation}`
  }

  /** The pollers; the sinks follow when there is something to read. */
  start(): void {
    for (const poller of this.pollers) poller.start()
  }

  async listening(): Promise<void> {
    await Promise.all(this.pollers.map(poller => poller.listening()))
    // A poller listens before it has made its topics; what the kinds harm and measure is there from here on.
    const made = async () => {
      const ends = this.#foundations.map(name => this.admin.endsOf(this.events(name)).catch(() => null))
      return (await Promise.all(ends)).every(end => end !== null)
    }
    await until('the topics are made', made, 60_000)
    for (const sink of this.sinks) this.startAgain(sink)
    await Promise.all(this.sinks.map(sink => sink.listening()))
  }

  get alive(): boolean {
    return this.processes.every(one => one.alive || this.#away.has(one))
  }

  async isDone(): Promise<boolean> {
    const pollers = await Promise.all(this.pollers.map(poller => poller.status()))
    if (!pollers.some(status => status?.foundations.every(one => one.caughtUp))) return false
    const sinks = await Promise.all(this.sinks.filter(sink => sink.alive).map(sink => sink.status()))
    return sinks.length > 0 && sinks.every(status => status?.sinks[0]?.position?.lag === 0)
  }

  logged(): Promise<LoggedState> {
    return readKafkaLog(this.cluster.brokers, this.prefix, this.#foundations)
  }

  /** kill -9, at whatever it is doing. */
  async kill(one: CommandProcess): Promise<void> {
    this.#away.add(one)
    one.signal('SIGKILL')
    await this.died(one)
  }

  /** Somebody else may have killed it; counts what a sink may have left half done. */
  async died(one: CommandProcess): Promise<void> {
    this.#away.add(one)
    await one.died()
    if (this.sinks.includes(one)) this.#deathBound += Math.min(deliveryMax, await this.#lagNow())
  }

  /** SIGTERM, which has to be enough. */
  async end(one: CommandProcess): Promise<void> {
    this.#away.add(one)
    await one.stop()
  }

  startAgain(one: CommandProcess): void {
    one.start()
    this.#away.delete(one)
  }

  /** Everything all of them have said. */
  lines(of: readonly CommandProcess[] = this.processes): readonly Record<string, unknown>[] {
    return of.flatMap(one => one.lines())
  }

  /**
   * Records that were sent again because their fate was unknown, and those delivered while the foundation went to
   * another worker, both as the sinks said; and for each life cut off the records behind the cursor, at most a delivery.
   */
  doubledMax(): number {
    const sentAgain = this.sinks.reduce((sum, sink) => sum + sink.sentAgain(), 0)
    const givenUp = this.lines(this.sinks).reduce((sum, line) => sum + deliveredAgain(line), 0)
    return sentAgain + givenUp + this.#deathBound
  }

  async stop(): Promise<void> {
    for (const one of this.processes) if (!this.#away.has(one)) await one.stop()
  }

  async abandon(): Promise<void> {
    for (const one of this.processes) one.signal('SIGCONT')
    await Promise.all(this.processes.map(one => one.abandon()))
  }

  /** Events behind the offsets that the sink has committed. */
  async #lagNow(): Promise<number> {
    let lag = 0
    for (const name of this.#foundations) {
      const topic = this.events(name)
      const next = await this.admin.committedOffset(`${this.prefix}.sink.siem`, topic)
      const waiting = await seenByKcat(
        this.cluster.brokers,
        topic,
        next === null ? 'beginning' : Number(next),
      )
      lag += waiting.length
    }
    return lag
  }
}

/** Of the program that `kafka-upgrade` begins with. */
const formerSentence = 'another worker took the foundation over meanwhile, and delivers these again'

function deliveredAgain(line: Record<string, unknown>): number {
  return Number(line['deliveredAgain'] ?? (line['msg'] === formerSentence ? line['records'] : 0))
}
