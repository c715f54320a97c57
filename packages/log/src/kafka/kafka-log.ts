import assert from 'node:assert/strict'
import type { Clock, Source } from '@cf-audit-drain/pipeline'
import type { Producer } from 'kafkajs'
import { isPassing } from '../is-passing.ts'
import type { FoundationWindow, LedgerQuery } from '../ledger/ledger-window.ts'
import { LogClosedError, LogInUseError } from '../log-error.ts'
import type {
  Candidate,
  DeadLetter,
  EventLog,
  EventQuery,
  FoundationWriter,
  LogRecord,
  SinkPosition,
  SourceObserver,
  Tally,
} from '../ports.ts'
import { DeadLetterCounts } from './dead-letter-counts.ts'
import { DeadLetterCollection, deadLetterMessages } from './dead-letters.ts'
import { eventsOf } from './events.ts'
import { FoundationState } from './foundation-state.ts'
import { KafkaFoundationWriter, type WriterDoor } from './foundation-writer.ts'
import { KafkaClient } from './kafka-client.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { type KafkaOptions, kafkaDefaults, limits, type Settings } from './kafka-options.ts'
import { CompressionTypes } from './kafkajs-door.ts'
import { leadOnKafka } from './leadership.ts'
import { LedgerTable } from './ledger-table.ts'
import { makeTopics } from './make-topics.ts'
import { Names } from './names.ts'
import { sinkPositions } from './positions.ts'
import type { Right } from './refused.ts'
import { lettersRights, pollerRights, sinkRights } from './rights.ts'
import { RightsGate } from './rights-gate.ts'
import { KafkaSinkSource } from './sink-source.ts'
import type { SinkSourceObserver } from './sink-source-door.ts'
import { SizeLimits } from './size-limits.ts'
import { TopicFollower } from './topic-follower.ts'
import { missingTopics, requireOnePartition, topicsMissing, topicsOf } from './topics.ts'
import { UntransactedWriter } from './untransacted-writer.ts'
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
  readonly #writers = new Map<string, Promise<FoundationWriter>>()
  readonly #sizes = new Map<string, SizeLimits>()
  readonly #startAnew: Set<string>
  readonly #sources = new Map<string, KafkaSinkSource>()
  /** Every scrape of the metrics asks: nothing is read twice. */
  readonly #states = new Map<string, TopicFollower<FoundationState>>()
  readonly #ledgers = new Map<string, TopicFollower<LedgerTable>>()
  readonly #letterCounts: TopicFollower<DeadLetterCounts>
  #burier: Promise<Producer> | null = null
  readonly #gate: RightsGate
  #isClosed = false

  constructor(options: KafkaOptions, deps: KafkaLogDeps) {
    this.#options = options
    this.#settings = { ...kafkaDefaults, ...options }
    this.#names = new Names(this.#settings.prefix)
    this.#deps = deps
    this.#startAnew = new Set(this.#settings.startAnew)
    this.#client = new KafkaClient(options, deps.clock)
    this.#gate = new RightsGate(this.#client, options, deps.clock)
    this.#letterCounts = new TopicFollower(this.#names.deadLetters, () => new DeadLetterCounts())
  }

  async writer(foundation: string): Promise<FoundationWriter> {
    this.#assertOpen()
    if (this.#writers.has(foundation))
      throw new LogInUseError(foundation, null, 'this process has a writer of it already')
    const opening = this.#open(foundation)
    this.#writers.set(foundation, opening)
    opening.catch(() => this.#writers.delete(foundation))
    return opening
  }

  async #open(foundation: string): Promise<FoundationWriter> {
    const part = `poller ${foundation}`
    const rights = pollerRights(this.#names, foundation, this.#settings.delivery)
    try {
      await this.#topics()
      await this.#gate.demand(part, rights)
      await this.#requireTopics(foundation)
      const Writer = this.#settings.delivery === 'at-least-once' ? UntransactedWriter : KafkaFoundationWriter
      const writer = await Writer.open(foundation, this.#writerDoor(foundation), () =>
        this.#writers.delete(foundation),
      )
      this.#gate.served(part)
      return writer
    } catch (error) {
      throw await this.#gate.explained(part, rights, error)
    }
  }

  #writerDoor(foundation: string): WriterDoor {
    const { requestBytesMax } = this.#settings
    return {
      client: this.#client,
      names: this.#names,
      settings: this.#settings,
      clock: this.#deps.clock,
      sizes: this.#sizes.getOrInsertComputed(foundation, () => new SizeLimits(requestBytesMax)),
      startAnew: this.#startAnew,
      warn: sentence => this.#deps.observer?.warn?.(sentence),
    }
  }

  async lead(foundations: readonly string[], candidate: Candidate, signal: AbortSignal): Promise<void> {
    this.#assertOpen()
    const door = {
      client: this.#client,
      names: this.#names,
      settings: this.#settings,
      clock: this.#deps.clock,
      requireTopics: (foundation: string) => this.#requireTopics(foundation),
    }
    await leadOnKafka(door, foundations, candidate, signal)
  }

  source(
    sink: string,
    { batchMax, observer }: { readonly batchMax: number; readonly observer?: SourceObserver },
  ): Source<LogRecord> {
    return new KafkaSinkSource(sink, batchMax, {
      client: this.#client,
      names: this.#names,
      settings: this.#settings,
      clock: this.#deps.clock,
      observer: this.#sinkObserver(observer),
      eventTopics: () => this.#sinkTopics(sink),
      hiddenTopics: topics => this.#client.hiddenTopics(topics),
      requireRights: () => this.#gate.demand(`sink ${sink}`, this.#sinkRights(sink, []).filter(isOfGroup)),
      explain: (error, topic, all) => this.#explained(sink, error, topic, all),
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
    try {
      // Whoever buries for a sink need not see the other topics.
      await this.#requireTopics(letters[0]?.foundation ?? '', this.#names.deadLetters)
      await this.#sendLetters(letters)
    } catch (error) {
      throw await this.#whyNotBuried(error)
    }
  }

  async #sendLetters(letters: readonly DeadLetter[]): Promise<void> {
    this.#burier ??= this.#client.idempotentProducer()
    const burier = this.#burier
    try {
      for (const message of letters.flatMap(deadLetterMessages)) {
        const sending = (await burier).send({
          topic: this.#names.deadLetters,
          messages: [message],
          acks: -1,
          compression: CompressionTypes.ZSTD,
        })
        await within(this.#deps.clock, limits.publishMs, 'burying a dead letter', sending)
      }
    } catch (error) {
      // Another sink may have made a new one meanwhile.
      if (this.#burier === burier) this.#burier = null
      burier.then(producer => this.#client.drop(producer)).catch(() => undefined)
      throw error
    }
  }

  /** Of what kafkajs says itself nothing is for ever. */
  async #whyNotBuried(thrown: unknown): Promise<Error> {
    const topic = this.#names.deadLetters
    const error = await this.#gate.explained('dead letters', lettersRights(this.#names), thrown)
    if (isPassing(error) || error instanceof KafkaStateError || error instanceof LogClosedError) return error
    return new KafkaUnavailableError(`${topic} took no dead letter: ${error.message}`, { cause: error })
  }

  async deadLetters(limit: number): Promise<readonly DeadLetter[]> {
    return (await this.#allDeadLetters()).toReversed().slice(0, limit)
  }

  async deadLetterCounts() {
    this.#assertOpen()
    if (!(await this.#topics()).includes(this.#names.deadLetters)) return []
    return (await this.#letterCounts.look(await this.#client.reader())).counts
  }

  async tallies(): Promise<readonly Tally[]> {
    const reader = await this.#client.reader()
    const all: Tally[] = []
    for (const foundation of await this.#foundations()) {
      const topic = this.#names.state(foundation)
      const states = this.#states.get(topic) ?? new TopicFollower(topic, () => new FoundationState())
      this.#states.set(topic, states)
      const state = await states.look(reader)
      all.push(...state.tallies.map(tally => ({ foundation, ...tally })))
    }
    return all
  }

  async *ledger({ foundation, fromSec, toSec }: LedgerQuery): AsyncGenerator<FoundationWindow> {
    const reader = await this.#client.reader()
    const topics = await this.#topics()
    for (const name of await this.#foundations()) {
      const topic = this.#names.ledger(name)
      if ((foundation !== undefined && foundation !== name) || !topics.includes(topic)) continue
      const ledger = this.#ledgers.getOrInsertComputed(
        topic,
        () => new TopicFollower(topic, () => new LedgerTable()),
      )
      for (const window of (await ledger.look(reader)).windows)
        if (window.toSec > (fromSec ?? -Infinity) && window.fromSec < (toSec ?? Infinity))
          yield { foundation: name, ...window }
    }
  }

  async positions(): Promise<readonly SinkPosition[]> {
    const topics = await this.#eventTopics()
    const positions = await sinkPositions(this.#client, this.#names, topics, this.#deps.clock)
    for (const [sink, source] of this.#sources)
      if (source.hasJoined && !positions.some(one => one.sink === sink))
        await this.#requireGroup(sink, topics)
    return positions
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
    for (const opening of this.#writers.values())
      await opening.then(writer => writer.close()).catch(() => undefined)
    const burier = await this.#burier?.catch(() => null)
    if (burier) this.#client.drop(burier)
    await this.#client.close()
  }

  async #allDeadLetters(): Promise<readonly DeadLetter[]> {
    this.#assertOpen()
    const topic = this.#names.deadLetters
    if (!(await this.#topics()).includes(topic)) return []
    const reader = await this.#client.reader()
    const [from, to] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, 'committed')]
    const collection = new DeadLetterCollection()
    for await (const record of reader.read(topic, from, to)) collection.add(record)
    return collection.letters
  }

  /** Makes the topics of a foundation that are missing, or this one of them, where that is allowed. */
  async #requireTopics(foundation: string, only?: string): Promise<void> {
    const { createTopics } = this.#settings
    const wanted = topicsOf(this.#names, foundation, createTopics ?? { replicationFactor: 1 }).filter(
      ({ topic }) => topic === (only ?? topic),
    )
    const missing = missingTopics(await this.#topics(), wanted)
    const absent = new Set(missing.map(({ topic }) => topic))
    const present = wanted.map(({ topic }) => topic).filter(topic => !absent.has(topic))
    await this.#client.asAdmin(admin => requireOnePartition(admin, present))
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
    if (topics.length > 0) await this.#client.asAdmin(admin => requireOnePartition(admin, topics))
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

  /** What is told of all sinks, and of this one to whoever reads for it. */
  #sinkObserver(own: SourceObserver = {}): SinkSourceObserver {
    const observer = this.#deps.observer ?? {}
    return {
      ...observer,
      deliveredTwice: records => {
        observer.deliveredTwice?.(records)
        own.deliveredTwice?.(records)
      },
      interrupted: troubles => {
        observer.interrupted?.(troubles)
        own.interrupted?.(troubles)
      },
    }
  }

  /** The brokers do not show a group that is there to those who may not see it. */
  async #requireGroup(sink: string, topics: readonly string[]): Promise<void> {
    await this.#gate.demand(`sink ${sink}`, this.#sinkRights(sink, topics))
    throw new KafkaUnavailableError(`the brokers show no group ${this.#names.sinkGroup(sink)}`)
  }

  #explained(sink: string, error: Error, topic: string | null, all: ReadonlySet<string>): Promise<Error> {
    const foundation = topic === null ? null : this.#names.foundationOf(topic)
    const concerns = (right: Right) =>
      foundation === null ||
      isOfGroup(right) ||
      [this.#names.events(foundation), this.#names.state(foundation)].includes(right.name)
    return this.#gate.explained(`sink ${sink}`, this.#sinkRights(sink, [...all]), error, concerns)
  }

  async #eventTopics(): Promise<readonly string[]> {
    return (await this.#topics()).filter(topic => this.#names.foundationOf(topic) !== null).toSorted()
  }

  #topics(): Promise<readonly string[]> {
    return this.#client.topicNames()
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

const isOfGroup = ({ resource }: Right) => resource === 'group'
