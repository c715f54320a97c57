import './aborted-records-guard.ts'
import './reauthentication-guard.ts'
import './record-batch-guard.ts'
import './record-guard.ts'
import './request-queue-guard.ts'
import type { ConnectionOptions } from 'node:tls'
import type { ISocketFactory, Logger, logCreator, logLevel, SASLOptions } from 'kafkajs'
import type { FetchedRecords } from './aborted-records.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'

export type { RawRecord } from './aborted-records.ts'

/*
 * The classes below kafkajs' public ones. Its Consumer joins a group, its Admin opens everything anew; to read one
 * partition from one offset we need neither. Shapes: kafkajs/src/cluster, src/broker, src/protocol/requests.
 */

/** INT8 of Fetch and ListOffsets. */
export const isolationLevel = { READ_UNCOMMITTED: 0, READ_COMMITTED: 1 } as const
export type IsolationLevel = (typeof isolationLevel)[keyof typeof isolationLevel]

/** The timestamps of ListOffsets that mean a place, not a time. */
export const offsetTimestamp = { LATEST: -1, EARLIEST: -2 } as const

export interface ClusterOptions {
  /** `host:port` each, at least one; asked in turn for the rest of the cluster. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: ConnectionOptions | boolean
  readonly sasl?: SASLOptions
  readonly connectionTimeoutMs: number
  /** A fetch may take `maxWaitTime` longer than asked: the larger of the two counts. */
  readonly requestTimeoutMs: number
  readonly authenticationTimeoutMs: number
  /** How often connecting and asking for metadata are tried again, 100 ms apart and then twice as long each time, up to 2 s. */
  readonly retries: number
  readonly socketFactory?: ISocketFactory
  readonly logCreator: logCreator
  readonly logLevel: logLevel
}

export interface FetchRequest {
  readonly isolationLevel: IsolationLevel
  /** Milliseconds the broker waits for `minBytes`; also the least time the request is given. */
  readonly maxWaitTime: number
  readonly minBytes: number
  /** Not a bound: the first batch of the first partition comes whole, however large. */
  readonly maxBytes: number
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      /** INT64 in decimal. */
      readonly fetchOffset: string
      readonly maxBytes: number
    }[]
  }[]
  readonly rackId?: string
}

/** Records not yet filtered: give it to `committedRecords`. Empty batches (compaction) leave nothing behind. */
export interface FetchedPartition extends FetchedRecords {
  readonly partition: number
  /** 0: any other one was thrown as KafkaJSProtocolError, or KafkaJSOffsetOutOfRange. */
  readonly errorCode: number
  /** The offset after the last replicated record. */
  readonly highWatermark: string
  /** Below it every transaction has ended; a READ_COMMITTED fetch ends here. Every broker that knows transactions has it. */
  readonly lastStableOffset: string
  /** The earliest offset there is; kafkajs spells it so. Fetch version 5 on. */
  readonly lastStartOffset?: string
  /** Node id to fetch from instead, -1 for none. Fetch version 11 on, with `rackId`. */
  readonly preferredReadReplica?: number
}

export interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string
    readonly partitions: readonly FetchedPartition[]
  }[]
}

export interface ListOffsetsRequest {
  readonly isolationLevel: IsolationLevel
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      /** Milliseconds since the epoch, or one of `offsetTimestamp`. */
      readonly timestamp: number | string
    }[]
  }[]
}

export interface ListOffsetsResponse {
  readonly responses: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly errorCode: number
      readonly timestamp: string
      /** -1 when no record is that young. */
      readonly offset: string
    }[]
  }[]
}

export interface OffsetCommitRequest {
  readonly groupId: string
  /** -1 and an empty member: a group without members. */
  readonly groupGenerationId: number
  readonly memberId: string
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      /** INT64 in decimal. */
      readonly offset: string
      readonly metadata: string | null
    }[]
  }[]
}

/** INT8 of FindCoordinator. */
export const coordinatorType = { GROUP: 0, TRANSACTION: 1 } as const
export type CoordinatorType = (typeof coordinatorType)[keyof typeof coordinatorType]

/** What follows the client id of a request's header; both are the same bytes. */
export interface EncodedBytes {
  readonly buf: Buffer
  readonly buffer: Buffer
}

/** kafkajs/src/protocol/encoder.js: big-endian, strings with an INT16 before them, arrays with an INT32. */
export interface Encoder extends EncodedBytes {
  writeInt8(value: number): Encoder
  writeInt16(value: number): Encoder
  writeInt32(value: number): Encoder
  writeBoolean(value: boolean): Encoder
  writeString(value: string | null): Encoder
  writeArray(values: readonly (string | number | Encoder)[]): Encoder
}

/** kafkajs/src/protocol/decoder.js */
export interface Decoder {
  readInt8(): number
  readInt16(): number
  readInt32(): number
  readBoolean(): boolean
  readString(): string | null
  readBytes(): Buffer | null
  readArray<T>(read: (decoder: Decoder) => T): T[]
}

/** A request and its answer as kafkajs wants them. */
export interface OwnRequest<T> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    encode(): Promise<EncodedBytes>
  }
  readonly response: { decode(bytes: Buffer): Promise<object>; parse(decoded: object): Promise<T> }
}

/** Connects by itself and logs nobody in. */
export interface Connection {
  connect(): Promise<unknown>
  send<T>(protocol: OwnRequest<T>): Promise<T>
  disconnect(): Promise<unknown>
}

/**
 * One broker. Fetches go over a connection of their own, answered in order: a fetch that waits holds up the next fetch
 * to this broker by the same Cluster, and `disconnect`, for up to its `maxWaitTime`.
 * Fails with KafkaJSProtocolError (`type`, `code`, `retriable`), KafkaJSConnectionError, KafkaJSRequestTimeoutError.
 */
export interface Broker {
  readonly connectionPool: { send<T>(protocol: OwnRequest<T>): Promise<T> }
  /** What the broker says itself; the Cluster's method of this name swallows every refusal. */
  findGroupCoordinator(request: {
    readonly groupId: string
    readonly coordinatorType: CoordinatorType
  }): Promise<{ readonly coordinator: { readonly nodeId: number } }>
  fetch(request: FetchRequest): Promise<FetchResponse>
  listOffsets(request: ListOffsetsRequest): Promise<ListOffsetsResponse>
  offsetCommit(request: OffsetCommitRequest): Promise<unknown>
  /** Fences every earlier producer of the id. This and the next three go to the coordinator of the id. */
  initProducerId(request: {
    readonly transactionalId: string
    /** Milliseconds. */
    readonly transactionTimeout: number
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>
  addPartitionsToTxn(
    request: ProducerIdentity & {
      readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
    },
  ): Promise<unknown>
  /** The group's pending offsets become part of the transaction. */
  addOffsetsToTxn(request: ProducerIdentity & { readonly groupId: string }): Promise<unknown>
  /** `transactionResult`: true commits. INVALID_PRODUCER_ID_MAPPING for a producer that the coordinator does not know. */
  endTxn(request: ProducerIdentity & { readonly transactionResult: boolean }): Promise<unknown>
  /** What the broker speaks, by API key; null before it was asked. */
  readonly versions: Readonly<
    Record<number, { readonly minVersion: number; readonly maxVersion: number }>
  > | null
}

export interface ProducerIdentity {
  readonly transactionalId: string
  readonly producerId: string | bigint
  readonly producerEpoch: number
}

export interface Cluster {
  /** With KRaft any broker: it passes on what is the controller's. */
  findControllerBroker(): Promise<Broker>
  isConnected(): boolean
  /** `findConnectedBroker` needs no metadata. */
  readonly brokerPool: { findConnectedBroker(): Promise<Broker> }
  /** Looked up in every refresh; it fails when one of them was deleted. */
  readonly targetTopics: Set<string>
  connect(): Promise<void>
  /** Waits for the requests under way. */
  disconnect(): Promise<void>
  /** Asks for the metadata of these topics and, from now on, of them in every refresh. A missing one is an error. */
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  refreshMetadata(): Promise<void>
  /** Connected. When it cannot be had the metadata is refreshed and the error thrown: ask for the leader again. */
  findBroker(options: { readonly nodeId: number | string }): Promise<Broker>
  /** Of a consumer group, or of a transactional id in the place of `groupId`. */
  findGroupCoordinator(options: {
    readonly groupId: string
    readonly coordinatorType: CoordinatorType
  }): Promise<Broker>
  /** By the leader's node id, '-1' for those without; partitions the metadata does not know are left out. */
  findLeaderForPartitions(
    topic: string,
    partitions: readonly number[],
  ): Readonly<Record<string, readonly number[]>>
}

const metadataMaxAgeMs = 300_000
const retryTimes = { initialRetryTime: 100, maxRetryTime: 2_000 }

const ClusterClass = fromKafkajs('src/cluster/index.js') as new (options: object) => Cluster
const { createLogger } = fromKafkajs('src/loggers/index.js') as {
  createLogger(options: { readonly level: logLevel; readonly logCreator: logCreator }): Logger
}
/** Sockets as kafkajs makes them where it is told nothing else. */
export const defaultSocketFactory = fromKafkajs('src/network/socketFactory.js') as () => ISocketFactory

/** Not connected yet. It never lets a broker create a topic. */
export function openCluster(options: ClusterOptions): Cluster {
  return new ClusterClass({
    brokers: [...options.brokers],
    clientId: options.clientId,
    ssl: options.ssl,
    sasl: options.sasl,
    connectionTimeout: options.connectionTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    authenticationTimeout: options.authenticationTimeoutMs,
    enforceRequestTimeout: true,
    retry: { ...retryTimes, retries: options.retries },
    socketFactory: options.socketFactory ?? defaultSocketFactory(),
    logger: createLogger({ level: options.logLevel, logCreator: options.logCreator }),
    metadataMaxAge: metadataMaxAgeMs,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel: isolationLevel.READ_COMMITTED,
  })
}

export const Encoder = fromKafkajs('src/protocol/encoder.js') as new () => Encoder
export const Decoder = fromKafkajs('src/protocol/decoder.js') as new (bytes: Buffer) => Decoder

/** The protocol error of a code, as kafkajs throws it (`type`, `retriable`); null for 0. */
export function protocolError(code: number): (Error & { readonly type: string }) | null {
  return code === 0 ? null : createErrorFromCode(code)
}

const { createErrorFromCode } = fromKafkajs('src/protocol/error.js') as {
  createErrorFromCode(code: number): Error & { readonly type: string }
}
const ConnectionClass = fromKafkajs('src/network/connection.js') as new (options: object) => Connection

export function openConnection(options: {
  readonly host: string
  readonly port: number
  readonly ssl?: ConnectionOptions | boolean
  readonly socketFactory?: ISocketFactory
  readonly clientId: string
  readonly timeoutMs: number
}): Connection {
  const { host, port, ssl, clientId, timeoutMs } = options
  return new ConnectionClass({
    host,
    port,
    ssl,
    clientId,
    socketFactory: options.socketFactory ?? defaultSocketFactory(),
    connectionTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    enforceRequestTimeout: true,
    logger: createLogger({ level: 0 as logLevel, logCreator: () => () => undefined }),
  })
}
