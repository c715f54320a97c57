import assert from 'node:assert/strict'
import { type Clock, orAborted, type Source } from '@cf-audit-drain/pipeline'
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
  SourceOptions,
  Tally,
} from '../ports.ts'
import { Burier } from './burier.ts'
import { DeadLetterCounts } from './dead-letter-counts.ts'
import { lettersOf, NewestLetters } from './dead-letters.ts'
import { eventsOf } from './events.ts'
import { FirstTopics } from './first-topics.ts'
import { FoundationState } from './foundation-state.ts'
import { KafkaFoundationWriter, type WriterDoor } from './foundation-writer.ts'
import { KafkaClient } from './kafka-client.ts'
import { givenUpAtStop } from './kafka-error.ts'
import { type KafkaOptions, kafkaDefaults, type Settings } from './kafka-options.ts'
import { leadOnKafka } from './leadership.ts'
import { LedgerTable } from './ledger-table.ts'
import { Names } from './names.ts'
import type { KafkaRecord } from './partition-reader.ts'
import { hiddenPosition, sinkPositions } from './positions.ts'
import type { Right } from './refused.ts'
import { requireTopics } from './require-topics.ts'
import { lettersRights, pollerRights } from './rights.ts'
import { RightsGate } from './rights-gate.ts'
import { SinkRights } from './sink-rights.ts'
import { KafkaSinkSource } from './sink-source.ts'
import { type SinkSourceObserver, sinkObserver } from './sink-source-door.ts'
import { SizeLimits } from './size-limits.ts'
import { TopicFollower } from './topic-follower.ts'
import { TransactionsAwayError } from './transactions-refused.ts'
import { UntransactedWriter } from './untransacted-writer.ts'

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
  readonly #burier: Burier
  readonly #gate: RightsGate
  readonly #sinkRights: SinkRights
  /** Whose rights were looked at before the election: who is elected need not look again before it begins. */
  readonly #looked = new Set<string>()
  #givingUp = new AbortController()
  #isClosed = false

  constructor(options: KafkaOptions, deps: KafkaLogDeps) {
    this.#options = options
    this.#settings = { ...kafkaDefaults, ...options }
    this.#names = new Names(this.#settings.prefix)
    this.#deps = deps
    this.#startAnew = new Set(this.#settings.startAnew)
    this.#client = new KafkaClient(options, deps.clock)
    this.#gate = new RightsGate(this.#client, options, deps.clock)
    this.#sinkRights = new SinkRights({
      client: this.#client,
      names: this.#names,
      gate: this.#gate,
      firstTopics: new FirstTopics(this.#names.events(''), deps.observer),
      foundations: this.#settings.foundations,
    })
    const [part, rights, topic] = ['dead letters', lettersRights(this.#names), this.#names.deadLetters]
    this.#burier = new Burier({
      client: this.#client,
      topic,
      clock: deps.clock,
      requireTopic: foundation => this.#requireTopics(part, rights, foundation, topic),
      explained: error => this.#gate.explained(part, rights, error),
    })
    this.#letterCounts = new TopicFollower(this.#names.deadLetters, () => new DeadLetterCounts())
  }

  async writer(foundation: string): Promise<FoundationWriter> {
    this.#assertOpen()
    if (this.#writers.has(foundation))
      throw new LogInUseError(foundation, null, 'this process has a writer of it already')
    const opened = this.#open(foundation)
    const opening = orAborted(opened, this.#givingUp.signal)
    this.#writers.set(foundation, opening)
    opening.catch(() => {
      this.#writers.delete(foundation)
      opened.then(writer => writer.close()).catch(() => undefined)
    })
    return opening
  }

  async #open(foundation: string): Promise<FoundationWriter> {
    const { part, rights } = this.#polling(foundation)
    try {
      if (this.#looked.delete(foundation)) await this.#requireTopics(part, rights, foundation)
      else await this.#requirePolling(foundation)
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

  /** That this login may poll it, and that its topics are there. */
  async #requirePolling(foundation: string): Promise<void> {
    const { part, rights } = this.#polling(foundation)
    await this.#topics()
    await this.#gate.demand(part, rights)
    await this.#requireTopics(part, rights, foundation)
  }

  /** Before the election. A foundation whose transactions are refused just now keeps no other from being polled: its writer tells. */
  async #requireStanding(foundation: string): Promise<void> {
    try {
      await this.#requirePolling(foundation)
      this.#looked.add(foundation)
    } catch (error) {
      if (!(error instanceof TransactionsAwayError)) throw error
      const { part, rights } = this.#polling(foundation)
      await this.#requireTopics(part, rights, foundation)
    }
  }

  #polling(foundation: string): { readonly part: string; readonly rights: readonly Right[] } {
    const rights = pollerRights(this.#names, foundation, this.#settings.delivery)
    return { part: `poller ${foundation}`, rights }
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
      givenUp: this.#givingUp.signal,
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
      requirePolling: (foundation: string) => this.#requireStanding(foundation),
      giveUp: () => {
        this.#givingUp.abort(givenUpAtStop())
        this.#givingUp = new AbortController()
      },
    }
    await leadOnKafka(door, foundations, candidate, signal)
  }

  source(
    sink: string,
    { batchMax, observer, settleBy = new AbortController().signal }: SourceOptions,
  ): Source<LogRecord> {
    return new KafkaSinkSource(sink, batchMax, {
      client: this.#client,
      names: this.#names,
      settings: this.#settings,
      clock: this.#deps.clock,
      observer: sinkObserver(this.#deps.observer, observer),
      settleBy,
      topics: () => this.#sinkRights.topics(sink),
      hiddenTopics: topics => this.#client.hiddenTopics(topics),
      requireRights: () => this.#sinkRights.requireGroup(sink),
      explain: (error, topic, all) => this.#sinkRights.explained(sink, error, topic, all),
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
    await this.#burier.bury(letters)
  }

  async deadLetters(limit: number): Promise<readonly DeadLetter[]> {
    const newest = new NewestLetters(limit)
    for await (const record of this.#letterRecords()) newest.add(record)
    return newest.letters
  }

  lettersOf(foundation: string, origin: string, signal?: AbortSignal): AsyncGenerator<DeadLetter> {
    return lettersOf(this.#letterRecords(), foundation, origin, signal)
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
    // Before the brokers are asked for the groups: one that a sink joins meanwhile need not be among them.
    const joined = [...this.#sources].filter(([, { hasJoined }]) => hasJoined).map(([sink]) => sink)
    const topics = await this.#eventTopics()
    const explained = (sink: string, error: unknown) => this.#sinkRights.whyNoPlace(sink, error)
    const seen = await sinkPositions(this.#client, this.#names, topics, this.#deps.clock, explained)
    const unseen = joined.filter(name => !seen.some(({ sink }) => sink === name))
    const hidden = unseen.map(async sink =>
      hiddenPosition(sink, await this.#sinkRights.whyHidden(sink, topics)),
    )
    return [...seen, ...(await Promise.all(hidden))]
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

  unreachable(): Error | null {
    return this.#client.away
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.all([...this.#sources.values()].map(source => source.close()))
    for (const opening of this.#writers.values())
      await opening.then(writer => writer.close()).catch(() => undefined)
    this.#burier.close()
    await this.#client.close()
  }

  async *#letterRecords(): AsyncGenerator<KafkaRecord> {
    this.#assertOpen()
    const topic = this.#names.deadLetters
    if (!(await this.#topics()).includes(topic)) return
    const reader = await this.#client.reader()
    const [from, to] = [await reader.edge(topic, 'earliest'), await reader.edge(topic, 'committed')]
    yield* reader.read(topic, from, to)
  }

  #requireTopics(part: string, rights: readonly Right[], foundation: string, only?: string): Promise<void> {
    const door = {
      client: this.#client,
      names: this.#names,
      options: this.#options,
      settings: this.#settings,
      clock: this.#deps.clock,
      demandRights: () => this.#gate.demand(part, rights),
    }
    return requireTopics(door, foundation, only)
  }

  async #eventTopics(): Promise<readonly string[]> {
    return this.#names.eventsAmong(await this.#topics())
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
