import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type {
  Admin,
  Consumer,
  ConsumerConfig,
  Kafka as KafkaClientType,
  logCreator,
  Producer,
  ProducerConfig,
} from 'kafkajs'
import { LogClosedError } from '../log-error.ts'
import { BrokersAway } from './brokers-away.ts'
import { ClientSockets } from './client-sockets.ts'
import { connectionFault } from './connection-fault.ts'
import { connectionOf } from './connection-of.ts'
import { GroupOffsets } from './group-offsets.ts'
import { KafkaStateError, KafkaUnavailableError, typesOf } from './kafka-error.ts'
import { type KafkaOptions, limits } from './kafka-options.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { type Broker, type Cluster, coordinatorType, openCluster } from './kafkajs-internals.ts'
import { describeTopics, topicNames } from './own-requests.ts'
import { PartitionReader } from './partition-reader.ts'
import { patiently } from './patiently.ts'
import { loginRefused } from './refused.ts'
import { tlsRemedy } from './tls-remedy.ts'
import { transactionState } from './transaction-state.ts'
import { within } from './within.ts'

const clientId = 'cf-audit-drain'
/** About 15 s of trying again, for elections and for a predecessor's transaction to be resolved. */
const retry = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 12 }

/** How a group shares its topics out, and how often a member asks whether that has changed. */
export type Sharing = Required<Pick<ConsumerConfig, 'partitionAssigners' | 'heartbeatInterval'>>

/** The connections of one process to one Kafka: made when first needed, all closed together. */
export class KafkaClient {
  readonly #options: KafkaOptions
  readonly #clock: Clock
  #admin: { readonly client: Promise<Admin>; questions: number } | null = null
  /** Once the brokers have let us in, whatever keeps us out may pass. */
  #wasLetIn = false
  readonly #away: BrokersAway
  readonly #sockets = new Set<ClientSockets>()
  #isClosed = false
  readonly #toClose = new Set<{ close(): Promise<void> }>()
  #reader: Promise<PartitionReader> | null = null
  #groupOffsets: Promise<GroupOffsets> | null = null

  constructor(options: KafkaOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#away = new BrokersAway(
      options,
      clock,
      () => new Map([...this.#sockets].flatMap(({ received }) => [...received])),
      (message, isOver) =>
        options.onLog?.({ level: isOver ? 'info' : 'warn', namespace: 'brokers', message }),
    )
  }

  /** Why no broker can be reached, and what to do; null when one could be, as far as is known. */
  get away(): Error | null {
    return this.#away.fault
  }

  #client<C extends { disconnect(): Promise<void> }>(make: (kafka: KafkaClientType) => C): C {
    return this.#mortal(connection =>
      make(
        new Kafka({
          clientId,
          brokers: [...this.#options.brokers],
          ...connection,
          connectionTimeout: limits.connectionMs,
          authenticationTimeout: limits.connectionMs,
          requestTimeout: limits.requestMs,
          retry,
          logLevel: logLevel.INFO,
          logCreator: this.#logCreator(),
        }),
      ),
    )
  }

  /** With sockets of its own, which end when it disconnects. */
  #mortal<C extends { disconnect(): Promise<void> }>(
    make: (connection: ReturnType<typeof connectionOf>) => C,
  ): C {
    const connection = connectionOf(this.#options)
    const sockets = new ClientSockets(connection.socketFactory)
    this.#sockets.add(sockets)
    const client = make({ ...connection, socketFactory: sockets.factory })
    const disconnect = client.disconnect.bind(client)
    client.disconnect = async () => {
      try {
        await within(this.#clock, limits.closeMs, 'closing', disconnect())
      } finally {
        sockets.close()
        this.#sockets.delete(sockets)
      }
    }
    return client
  }

  /**
   * Asks the admin client, within a deadline. One that failed is not asked again: it keeps looking for every topic it
   * was ever asked about, so that one that was deleted would fail it for all others.
   */
  async asAdmin<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      return await this.#askAdmin(ask)
    } catch (error) {
      if (!typesOf(error).includes('UNKNOWN_TOPIC_OR_PARTITION')) throw error
      return this.#askAdmin(ask)
    }
  }

  /** Whoever asks next has an admin client that does not look for topics that are gone, which takes kafkajs 20 s. */
  forgetTopics(): void {
    const admin = this.#admin
    this.#admin = null
    if (admin?.questions === 0) admin.client.then(client => this.drop(client)).catch(() => undefined)
  }

  async #askAdmin<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= {
      client: this.#connected(
        this.#client(kafka => kafka.admin()),
        'the admin client',
      ),
      questions: 0,
    }
    const admin = this.#admin
    admin.questions++
    try {
      return await within(this.#clock, limits.adminMs, 'an answer of the brokers', admin.client.then(ask))
    } catch (error) {
      if (this.#admin === admin) this.#admin = null
      throw error
    } finally {
      admin.questions--
      // Others may be asking it still.
      if (this.#admin !== admin && admin.questions === 0)
        admin.client.then(client => this.drop(client)).catch(() => undefined)
    }
  }

  /**
   * Every topic that this login may see. kafkajs' own question fails when any topic of the cluster, ours or not, has no
   * leader just then.
   */
  topicNames(): Promise<readonly string[]> {
    return this.#askAnyBroker('the names of the topics', topicNames)
  }

  /** Those of the topics that this login is not let see; whether they are there the brokers do not say. */
  async hiddenTopics(names: readonly string[]): Promise<ReadonlySet<string>> {
    const { topics } = await this.#askAnyBroker('what there is of topics', broker =>
      describeTopics(broker, names),
    )
    return new Set(topics.filter(({ error }) => error === 'TOPIC_AUTHORIZATION_FAILED').map(one => one.topic))
  }

  #askAnyBroker<T>(what: string, ask: (broker: Broker) => Promise<T>): Promise<T> {
    const asking = patiently(this.#clock, async () => {
      const { cluster } = await this.reader()
      return ask(await cluster.brokerPool.findConnectedBroker())
    })
    return within(this.#clock, limits.adminMs, what, asking)
  }

  /** For short reads; whoever waits for records takes a reader of its own. */
  reader(): Promise<PartitionReader> {
    this.#reader ??= this.newReader().catch(error => {
      this.#reader = null
      throw error
    })
    return this.#reader
  }

  async newReader(rack = ''): Promise<PartitionReader> {
    const reader = new PartitionReader(await this.newCluster(), this.#clock, rack)
    this.#toClose.add(reader)
    return reader
  }

  /** Connected; whoever asked for it disconnects it. `isQuiet`: for whoever asks what is to be refused. */
  async newCluster({ isQuiet = false } = {}): Promise<Cluster> {
    const cluster = this.#mortal(connection =>
      openCluster({
        brokers: this.#options.brokers,
        clientId,
        ...connection,
        connectionTimeoutMs: limits.connectionMs,
        requestTimeoutMs: limits.requestMs,
        authenticationTimeoutMs: limits.connectionMs,
        retries: retry.retries,
        logLevel: isQuiet ? logLevel.NOTHING : logLevel.INFO,
        logCreator: this.#logCreator(),
      }),
    )
    return this.#connected(cluster, 'a reader')
  }

  groupOffsets(): Promise<GroupOffsets> {
    this.#groupOffsets ??= this.#newGroupOffsets().catch(error => {
      this.#groupOffsets = null
      throw error
    })
    return this.#groupOffsets
  }

  /** A producer that has fenced every earlier one of its transactional id. */
  async transactionalProducer(transactionalId: string): Promise<Producer> {
    const producer = this.#producer({ transactionalId, transactionTimeout: limits.transactionMs })
    try {
      await this.#connected(producer, `the producer of ${transactionalId}`)
      // kafkajs asks for its epoch with the first transaction; an empty one is never sent to the brokers.
      const fence = async () => (await producer.transaction()).abort()
      await within(this.#clock, limits.publishMs, `fencing ${transactionalId}`, fence())
      return producer
    } catch (error) {
      this.drop(producer)
      throw error
    }
  }

  /** Whether the last transaction of this id was committed, as far as its coordinator can and may say. */
  async wasCommitted(transactionalId: string): Promise<boolean> {
    const asking = this.#withCoordinator(transactionalId, coordinator =>
      patiently(this.#clock, () => transactionState(coordinator, transactionalId)),
    )
    const state = await within(this.#clock, limits.adminMs, `asking for ${transactionalId}`, asking).catch(
      () => null,
    )
    return state === 'PrepareCommit' || state === 'CompleteCommit'
  }

  /**
   * Fences the transactional id, and ends whatever its producers left open in partition 0 of these topics and in the
   * offsets of this group.
   */
  async endTransaction(
    transactionalId: string,
    topics: readonly string[],
    group: string,
    commits: boolean,
  ): Promise<void> {
    const partitions = topics.map(topic => ({ topic, partitions: [0] }))
    const asked = { transactionalId, transactionTimeout: limits.transactionMs }
    const ending = this.#withCoordinator(transactionalId, async coordinator => {
      const ask = <T>(step: () => Promise<T>) => patiently(this.#clock, step)
      const { producerId, producerEpoch } = await ask(() => coordinator.initProducerId(asked))
      const producer = { transactionalId, producerId, producerEpoch }
      await ask(() => coordinator.addPartitionsToTxn({ ...producer, topics: partitions }))
      await ask(() => coordinator.addOffsetsToTxn({ ...producer, groupId: group }))
      await ask(() => coordinator.endTxn({ ...producer, transactionResult: commits }))
    })
    try {
      await within(this.#clock, limits.publishMs, `ending the transaction of ${transactionalId}`, ending)
    } catch (error) {
      throw new KafkaUnavailableError(`the transaction of ${transactionalId} could not be ended`, {
        cause: error,
      })
    }
  }

  async #withCoordinator<T>(transactionalId: string, work: (coordinator: Broker) => Promise<T>): Promise<T> {
    const { cluster } = await this.reader()
    const wanted = { groupId: transactionalId, coordinatorType: coordinatorType.TRANSACTION }
    return work(await patiently(this.#clock, () => cluster.findGroupCoordinator(wanted)))
  }

  async idempotentProducer(): Promise<Producer> {
    return this.#connected(this.#producer({ idempotent: true }), 'a producer')
  }

  #producer(how: ProducerConfig): Producer {
    return this.#client(kafka =>
      kafka.producer({
        ...how,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        retry,
        createPartitioner: () => () => 0,
      }),
    )
  }

  consumer(groupId: string, sessionTimeoutMs: number, sharing?: Sharing): Consumer {
    const heartbeatInterval = sharing?.heartbeatInterval ?? Math.max(100, Math.floor(sessionTimeoutMs / 5))
    return this.#client(kafka =>
      kafka.consumer({
        groupId,
        ...(sharing === undefined ? {} : { partitionAssigners: sharing.partitionAssigners }),
        sessionTimeout: sessionTimeoutMs,
        rebalanceTimeout: rebalanceTimeoutMs(sessionTimeoutMs),
        heartbeatInterval,
        // Nothing is fetched by it (see GroupMembership): this is how long it rests between heartbeats.
        maxWaitTimeInMs: heartbeatInterval,
        allowAutoTopicCreation: false,
        retry: { ...retry, restartOnFailure: async () => false },
      }),
    )
  }

  async #newGroupOffsets(): Promise<GroupOffsets> {
    const offsets = new GroupOffsets(await this.newCluster(), this.#clock)
    this.#toClose.add(offsets)
    return offsets
  }

  /** Closes a client whose state is no longer known, without waiting for it. */
  drop(client: { disconnect(): Promise<void> }): void {
    client.disconnect().catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#away.close()
    const closing = [...this.#toClose].map(one => one.close())
    if (this.#admin) closing.push(this.#admin.client.then(admin => admin.disconnect()))
    this.#toClose.clear()
    this.#admin = null
    this.#reader = null
    this.#groupOffsets = null
    await within(this.#clock, limits.closeMs, 'closing', Promise.allSettled(closing)).catch(() => undefined)
  }

  async #connected<C extends { connect(): Promise<void>; disconnect(): Promise<void> }>(
    client: C,
    what: string,
  ): Promise<C> {
    if (this.#isClosed) throw new LogClosedError('the connections to Kafka are closed')
    const connecting = client.connect()
    connecting.catch(() => undefined)
    const fault = this.#wasLetIn ? null : await connectionFault(this.#options).catch(() => null)
    try {
      const isToldAtOnce = fault instanceof KafkaStateError || this.#options.waitsForBrokers === false
      if (fault !== null && isToldAtOnce) throw fault
      await within(this.#clock, limits.requestMs, `connecting ${what} to Kafka`, connecting)
      this.#wasLetIn = true
      if (this.#isClosed) throw new LogClosedError('the connections to Kafka are closed')
      return client
    } catch (error) {
      this.drop(client)
      throw fault ?? this.#explained(error)
    }
  }

  #explained(error: unknown): Error {
    const refused = loginRefused(error)
    if (refused !== null)
      return this.#wasLetIn
        ? new KafkaUnavailableError(refused, { cause: error })
        : new KafkaStateError(refused, { cause: error })
    const { message } = asError(error)
    const brokers = this.#options.brokers.join(', ')
    return new KafkaUnavailableError(`cannot reach Kafka at ${brokers}: ${message}${tlsRemedy(message)}`, {
      cause: error,
    })
  }

  /**
   * kafkajs' lines, a level lower (it says error of what it then tries again, and what fails in the end we say
   * ourselves), and without what it adds to them: payloads stay out of our log. While no broker can be reached, which has been said,
   * all of them are of that.
   */
  #logCreator(): logCreator {
    const names = { [logLevel.ERROR]: 'warn', [logLevel.WARN]: 'info' } as const
    return () =>
      ({ namespace, level, log }) => {
        const cause = typeof log['error'] === 'string' ? `: ${log['error']}` : ''
        const isOfPerson = this.#options.waitsForBrokers === false
        const isAnswer = log.message.startsWith('Response ')
        if (level === logLevel.ERROR && ofConnections.has(namespace) && !isAnswer && !isOfPerson)
          this.#away.suspect()
        const isOrdinary =
          this.#away.fault !== null || cause.includes(lastOneEnding) || log.message.includes(lastOneEnding)
        const name = (!isOrdinary && (names as Record<number, 'warn' | 'info' | undefined>)[level]) || 'debug'
        this.#options.onLog?.({ level: name, namespace, message: `${log.message}${cause}` })
      }
  }
}

/** Namespaces in which kafkajs tells that a broker was not reached. */
const ofConnections = new Set(['Connection', 'BrokerPool'])

/** Of a publish right after another one: the brokers are still writing the end of the last transaction, and it waits. */
const lastOneEnding = 'another concurrent operation on the same transaction was ongoing'

/** How long the brokers wait for every member when a group is shared out. */
export function rebalanceTimeoutMs(sessionTimeoutMs: number): number {
  return Math.max(sessionTimeoutMs, 20_000)
}
