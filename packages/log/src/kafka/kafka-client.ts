import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type { Admin, Consumer, Kafka as KafkaClientType, logCreator, Producer } from 'kafkajs'
import { followingTls } from './following-tls.ts'
import { GroupOffsets } from './group-offsets.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { type KafkaOptions, limits } from './kafka-options.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { type Cluster, coordinatorType, openCluster } from './kafkajs-internals.ts'
import { PartitionReader } from './partition-reader.ts'
import { tlsRemedy } from './tls-remedy.ts'
import { transactionsRefused } from './transactions-refused.ts'
import { whilePassing } from './while-passing.ts'
import { within } from './within.ts'

const clientId = 'cf-audit-drain'
/** About 15 s of trying again, for elections and for a predecessor's transaction to be resolved. */
const retry = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 12 }

/** The connections of one process to one Kafka: made when first needed, all closed together. */
export class KafkaClient {
  readonly #options: KafkaOptions
  readonly #clock: Clock
  readonly #kafka: KafkaClientType
  #admin: Promise<Admin> | null = null
  readonly #toClose = new Set<{ close(): Promise<void> }>()
  #reader: Promise<PartitionReader> | null = null
  #groupOffsets: Promise<GroupOffsets> | null = null

  constructor(options: KafkaOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#kafka = new Kafka({
      clientId,
      brokers: [...options.brokers],
      ...connectionOf(options),
      connectionTimeout: limits.connectionMs,
      authenticationTimeout: limits.connectionMs,
      requestTimeout: limits.requestMs,
      retry,
      logLevel: logLevel.INFO,
      logCreator: this.#logCreator(),
    })
  }

  admin(): Promise<Admin> {
    this.#admin ??= this.#connected(this.#kafka.admin(), 'the admin client').catch(error => {
      this.#admin = null
      throw error
    })
    return this.#admin
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
    const reader = new PartitionReader(await this.#newCluster(), this.#clock, rack)
    this.#toClose.add(reader)
    return reader
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
    const producer = this.#kafka.producer({
      transactionalId,
      transactionTimeout: limits.transactionMs,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry,
      createPartitioner: () => () => 0,
    })
    try {
      await this.#connected(producer, `the producer of ${transactionalId}`)
      // kafkajs asks for its epoch with the first transaction; an empty one is never sent to the brokers.
      const fence = async () => (await producer.transaction()).abort()
      await within(this.#clock, limits.publishMs, `fencing ${transactionalId}`, fence())
      return producer
    } catch (error) {
      this.drop(producer)
      await this.requireTransactions(transactionalId)
      throw transactionsRefused(transactionalId, error) ?? error
    }
  }

  /**
   * Asks for the coordinator of a transactional id, which fences nobody.
   * @throws KafkaStateError when the brokers refuse it, KafkaUnavailableError when they cannot say
   */
  async requireTransactions(transactionalId: string): Promise<void> {
    const cluster = await this.#newCluster()
    const ask = async () => {
      await cluster.refreshMetadata()
      const broker = await cluster.findControllerBroker()
      await broker.findGroupCoordinator({
        groupId: transactionalId,
        coordinatorType: coordinatorType.TRANSACTION,
      })
    }
    try {
      await within(
        this.#clock,
        limits.requestMs,
        `looking for the coordinator of ${transactionalId}`,
        whilePassing(this.#clock, ask),
      )
    } catch (error) {
      throw transactionsRefused(transactionalId, error) ?? error
    } finally {
      this.drop(cluster)
    }
  }

  async idempotentProducer(): Promise<Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry,
      createPartitioner: () => () => 0,
    })
    return this.#connected(producer, 'a producer')
  }

  consumer(groupId: string, sessionTimeoutMs: number): Consumer {
    const heartbeatInterval = Math.max(100, Math.floor(sessionTimeoutMs / 5))
    return this.#kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(sessionTimeoutMs, 20_000),
      heartbeatInterval,
      // Nothing is fetched by it (see GroupMembership): this is how long it rests between heartbeats.
      maxWaitTimeInMs: heartbeatInterval,
      allowAutoTopicCreation: false,
      retry: { ...retry, restartOnFailure: async () => false },
    })
  }

  async #newGroupOffsets(): Promise<GroupOffsets> {
    const offsets = new GroupOffsets(await this.#newCluster(), this.#clock)
    this.#toClose.add(offsets)
    return offsets
  }

  async #newCluster(): Promise<Cluster> {
    const cluster = openCluster({
      brokers: this.#options.brokers,
      clientId,
      ...connectionOf(this.#options),
      connectionTimeoutMs: limits.connectionMs,
      requestTimeoutMs: limits.requestMs,
      authenticationTimeoutMs: limits.connectionMs,
      retries: retry.retries,
      logLevel: logLevel.INFO,
      logCreator: this.#logCreator(),
    })
    try {
      await within(this.#clock, limits.connectionMs, 'connecting to Kafka', cluster.connect())
      return cluster
    } catch (error) {
      this.drop(cluster)
      throw this.#explained(error)
    }
  }

  /** Closes a client whose state is no longer known, without waiting for it. */
  drop(client: { disconnect(): Promise<void> }): void {
    client.disconnect().catch(() => undefined)
  }

  async close(): Promise<void> {
    const admin = await this.#admin?.catch(() => null)
    const closing = [...this.#toClose].map(one => one.close())
    if (admin) closing.push(admin.disconnect())
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
    try {
      await within(this.#clock, limits.requestMs, `connecting ${what} to Kafka`, client.connect())
      return client
    } catch (error) {
      this.drop(client)
      throw this.#explained(error)
    }
  }

  #explained(error: unknown): Error {
    const { name, message } = asError(error)
    if (name === 'KafkaJSSASLAuthenticationError')
      return new KafkaStateError(`Kafka refuses the login: ${message}; check log.kafka.sasl`, {
        cause: error,
      })
    const brokers = this.#options.brokers.join(', ')
    return new KafkaUnavailableError(`cannot reach Kafka at ${brokers}: ${message}${tlsRemedy(message)}`, {
      cause: error,
    })
  }

  /**
   * kafkajs' lines, a level lower (it says error of what it then tries again, and what fails in the end we say
   * ourselves), and without what it adds to them: payloads stay out of our log.
   */
  #logCreator(): logCreator {
    const names = { [logLevel.ERROR]: 'warn', [logLevel.WARN]: 'info' } as const
    return () =>
      ({ namespace, level, log }) => {
        const name = (names as Record<number, 'warn' | 'info' | undefined>)[level] ?? 'debug'
        const cause = typeof log['error'] === 'string' ? `: ${log['error']}` : ''
        this.#options.onLog?.({ level: name, namespace, message: `${log.message}${cause}` })
      }
  }
}

/** How each connection is made and logs in. */
function connectionOf({ ssl, sasl, socketFactory }: KafkaOptions) {
  const follows = typeof ssl === 'function'
  const factory = socketFactory ?? (follows ? followingTls(ssl) : undefined)
  return {
    ...(ssl === undefined ? {} : { ssl: follows ? true : ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    ...(factory === undefined ? {} : { socketFactory: factory }),
  }
}
