import assert from 'node:assert/strict'
import type { Clock, Source } from '@cf-audit-drain/pipeline'
import type { Producer } from 'kafkajs'
import { LogClosedError, LogInUseError } from '../log-error.ts'
import type {
  DeadLetter,
  EventLog,
  EventQuery,
  FoundationWriter,
  LogRecord,
  SinkPosition,
  Tally,
} from '../ports.ts'
import { deadLetterMessage, identityOf, toDeadLetter } from './dead-letters.ts'
import { eventsOf } from './events.ts'
import { KafkaFoundationWriter } from './foundation-writer.ts'
import { KafkaClient } from './kafka-client.ts'
import { type KafkaOptions, kafkaDefaults, limits, type Settings } from './kafka-options.ts'
import { makeTopics } from './make-topics.ts'
import { Names } from './names.ts'
import { sinkPositions } from './positions.ts'
import { readState } from './read-state.ts'
import { isUnauthorized, type Right } from './refused.ts'
import { pollerRights, sinkRights } from './rights.ts'
import { RightsGate } from './rights-gate.ts'
import { KafkaSinkSource, type SinkSourceObserver } from './sink-source.ts'
import { missingTopics, requireOnePartition, topicsMissing, topicsOf } from './topics.ts'
import { within } from './within.ts'

export interface KafkaLogDeps {
  readonly clock: Clock
  readonly observer?: SinkSourceObserver & {
    /** Something an operator should know of, in one sentence. */
    warn?(sentence: string): void
  }
}

/** Nothing is connected before it is needed. */
export function openKafkaLog(options: KafkaOptions, deps: KafkaLogDeps): EventLog {
  return new KafkaLog(options, deps)
}

class KafkaLog implements EventLog {
  readonly #options: KafkaOptions
  readonly #settings: Settings
  readonly #names: Names
  readonly #deps: KafkaLogDeps
  readonly #client: KafkaClient
  readonly #writers = new Set<string>()
  readonly #sources = new Map<string, KafkaSinkSource>()
  #burier: Promise<Producer> | null = null
  readonly #gate: RightsGate
  #isClosed = false

  constructor(options: KafkaOptions, deps: KafkaLogDeps) {
    this.#options = options
    this.#settings = { ...kafkaDefaults, ...options }
    this.#names = new Names(this.#settings.prefix)
    this.#deps = deps
    this.#client = new KafkaClient(options, deps.clock)
    this.#gate = new RightsGate(this.#client, options, deps.clock)
  }

  async writer(foundation: string): Promise<FoundationWriter> {
    this.#assertOpen()
    if (this.#writers.has(foundation))
      throw new LogInUseError(foundation, null, 'this process has a writer of it already')
    this.#writers.add(foundation)
    const part = `poller ${foundation}`
    const rights = pollerRights(this.#names, foundation)
    try {
      await this.#client.admin()
      await this.#gate.demand(part, rights)
      await this.#requireTopics(foundation)
      const writer = await KafkaFoundationWriter.open(
        foundation,
        {
          client: this.#client,
          names: this.#names,
          settings: this.#settings,
          clock: this.#deps.clock,
          warn: sentence => this.#deps.observer?.warn?.(sentence),
        },
        () => this.#writers.delete(foundation),
      )
      this.#gate.served(part)
      return writer
    } catch (error) {
      this.#writers.delete(foundation)
      throw await this.#gate.explained(part, rights, error)
    }
  }

  source(sink: string, { batchMax }: { readonly batchMax: number }): Source<LogRecord> {
    return new KafkaSinkSource(sink, batchMax, {
      client: this.#client,
      names: this.#names,
      settings: this.#settings,
      clock: this.#deps.clock,
      observer: this.#sinkObserver(sink),
      eventTopics: () => this.#sinkTopics(sink),
      claim: (name, source) => {
        this.#assertOpen()
        const other = this.#sources.get(name)
        if (other !== undefined && other !== source)
          throw new LogInUseError(name, null, `this process reads for the sink ${name} already`)
        this.#sources.set(name, source)
      },
      release: (name, source) => {
        if (this.#sources.get(name) === source) this.#sources.delete(name)
      },
    })
  }

  async bury(letters: readonly DeadLetter[]): Promise<void> {
    this.#assertOpen()
    if (letters.length === 0) return
    await this.#requireTopics(letters[0]?.foundation ?? '')
    this.#burier ??= this.#client.idempotentProducer()
    const burier = this.#burier
    try {
      for (const letter of letters) {
        const sending = (await burier).send({
          topic: this.#names.deadLetters,
          messages: [deadLetterMessage(letter)],
          acks: -1,
        })
        await within(this.#deps.clock, limits.publishMs, 'burying a dead letter', sending)
      }
    } catch (error) {
      this.#burier = null
      burier.then(producer => this.#client.drop(producer)).catch(() => undefined)
      throw error
    }
  }

  async deadLetters(limit: number): Promise<readonly DeadLetter[]> {
    return (await this.#allDeadLetters()).toReversed().slice(0, limit)
  }

  async deadLetterCounts() {
    const groups = Map.groupBy(await this.#allDeadLetters(), ({ origin, foundation }) =>
      JSON.stringify([origin, foundation]),
    )
    return [...groups.values()].flatMap(letters => {
      const [first] = letters
      return first ? [{ origin: first.origin, foundation: first.foundation, count: letters.length }] : []
    })
  }

  async tallies(): Promise<readonly Tally[]> {
    const reader = await this.#client.reader()
    const all: Tally[] = []
    for (const foundation of await this.#foundations()) {
      const state = await readState(reader, this.#names.state(foundation), 'committed')
      all.push(...state.tallies.map(tally => ({ foundation, ...tally })))
    }
    return all
  }

  async positions(): Promise<readonly SinkPosition[]> {
    return sinkPositions(this.#client, this.#names, await this.#eventTopics(), this.#deps.clock)
  }

  async *events({ foundation, sinceSec, newestFirst }: EventQuery): AsyncGenerator<LogRecord> {
    this.#assertOpen()
    const foundations = (await this.#foundations()).filter(
      name => foundation === undefined || name === foundation,
    )
    const reader = await this.#client.reader()
    const sources = foundations.map(name => ({ foundation: name, topic: this.#names.events(name) }))
    yield* eventsOf(reader, sources, { sinceSec: sinceSec ?? null, newestFirst: newestFirst ?? false })
  }

  /** The brokers remove by the topic's own retention; nothing is left for us to do. */
  async prune(): Promise<{ readonly pruned: number }> {
    return { pruned: 0 }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.all([...this.#sources.values()].map(source => source.close()))
    const burier = await this.#burier?.catch(() => null)
    if (burier) this.#client.drop(burier)
    await this.#client.close()
  }

  async #allDeadLetters(): Promise<readonly DeadLetter[]> {
    this.#assertOpen()
    const topic = this.#names.deadLetters
    const admin = await this.#client.admin()
    if (!(await admin.listTopics()).includes(topic)) return []
    const reader = await this.#client.reader()
    const [from, to] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, 'committed')]
    const letters = new Map<string, DeadLetter>()
    for await (const record of reader.read(topic, from, to)) {
      const letter = toDeadLetter(record)
      if (letter === null) continue
      const identity = identityOf(letter)
      if (!letters.has(identity)) letters.set(identity, letter)
    }
    return [...letters.values()]
  }

  /** Makes the topics of a foundation that are missing, where that is allowed. */
  async #requireTopics(foundation: string): Promise<void> {
    const admin = await this.#client.admin()
    const { createTopics } = this.#settings
    const wanted = topicsOf(this.#names, foundation, createTopics ?? { replicationFactor: 1 })
    const missing = await missingTopics(admin, wanted)
    const absent = new Set(missing.map(({ topic }) => topic))
    await requireOnePartition(
      admin,
      wanted.map(({ topic }) => topic).filter(topic => !absent.has(topic)),
    )
    if (missing.length === 0) return
    if (createTopics === null) throw topicsMissing(missing)
    await makeTopics(this.#client, missing, this.#options, this.#deps.clock)
  }

  /** Whatever is wrong with them is told at the first look; later it is told by reading. */
  async #sinkTopics(sink: string): Promise<readonly string[]> {
    const part = `sink ${sink}`
    const topics = await this.#eventTopics()
    if (this.#gate.hasServed(part)) return topics
    await this.#gate.demand(part, this.#sinkRights(sink, topics))
    if (topics.length > 0) await requireOnePartition(await this.#client.admin(), topics)
    else
      this.#deps.observer?.warn?.(
        `sink ${sink}: there is no topic ${this.#names.events('')}… that this login may see; once there is one, it is read`,
      )
    if (topics.length > 0) this.#gate.served(part)
    return topics
  }

  #sinkRights(sink: string, topics: readonly string[]): readonly Right[] {
    const foundations = topics.flatMap(topic => this.#names.foundationOf(topic) ?? [])
    return sinkRights(this.#names, sink, foundations)
  }

  #sinkObserver(sink: string): SinkSourceObserver {
    const observer = this.#deps.observer ?? {}
    const explain = async (error: Error) => {
      const topics = isUnauthorized(error) ? await this.#eventTopics().catch(() => []) : []
      observer.failed?.(await this.#gate.explained(`sink ${sink}`, this.#sinkRights(sink, topics), error))
    }
    return { ...observer, failed: error => void explain(error) }
  }

  async #eventTopics(): Promise<readonly string[]> {
    const admin = await this.#client.admin()
    return (await admin.listTopics()).filter(topic => this.#names.foundationOf(topic) !== null).toSorted()
  }

  async #foundations(): Promise<readonly string[]> {
    this.#assertOpen()
    return (await this.#eventTopics()).flatMap(topic => this.#names.foundationOf(topic) ?? [])
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new LogClosedError('the log is closed')
    assert(this.#settings.brokers.length > 0, 'at least one broker')
  }
}
