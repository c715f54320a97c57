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
import { Names } from './names.ts'
import { sinkPositions } from './positions.ts'
import { readState } from './read-state.ts'
import { KafkaSinkSource, type SinkSourceObserver } from './sink-source.ts'
import { missingTopics, topicsMissing, topicsOf } from './topics.ts'
import { UntransactedWriter } from './untransacted-writer.ts'
import { whilePassing } from './while-passing.ts'
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
  readonly #settings: Settings
  readonly #names: Names
  readonly #deps: KafkaLogDeps
  readonly #client: KafkaClient
  readonly #writers = new Set<string>()
  readonly #sources = new Map<string, KafkaSinkSource>()
  #burier: Promise<Producer> | null = null
  #isClosed = false

  constructor(options: KafkaOptions, deps: KafkaLogDeps) {
    this.#settings = { ...kafkaDefaults, ...options }
    this.#names = new Names(this.#settings.prefix)
    this.#deps = deps
    this.#client = new KafkaClient(options, deps.clock)
  }

  async writer(foundation: string): Promise<FoundationWriter> {
    this.#assertOpen()
    if (this.#writers.has(foundation))
      throw new LogInUseError(foundation, null, 'this process has a writer of it already')
    this.#writers.add(foundation)
    try {
      await this.#requireTopics(foundation)
      const Writer = this.#settings.delivery === 'at-least-once' ? UntransactedWriter : KafkaFoundationWriter
      return await Writer.open(
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
    } catch (error) {
      this.#writers.delete(foundation)
      throw error
    }
  }

  source(sink: string, { batchMax }: { readonly batchMax: number }): Source<LogRecord> {
    return new KafkaSinkSource(sink, batchMax, {
      client: this.#client,
      names: this.#names,
      settings: this.#settings,
      clock: this.#deps.clock,
      observer: this.#deps.observer ?? {},
      eventTopics: () => this.#eventTopics(),
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
    const wanted = topicsOf(this.#names, foundation, createTopics?.replicationFactor ?? 1)
    const missing = await missingTopics(admin, wanted)
    if (missing.length === 0) return
    if (createTopics === null) throw topicsMissing(missing)
    await whilePassing(this.#deps.clock, () =>
      admin.createTopics({ topics: [...missing], waitForLeaders: true }),
    )
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
