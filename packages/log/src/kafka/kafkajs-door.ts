import './aborted-records-guard.ts'
import './request-queue-guard.ts'
import type * as Types from 'kafkajs'
import { registerCodecs } from './compression.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'

/*
 * The only door to kafkajs: what is taken from here has our guards and codecs in place. Imported by their names from
 * kafkajs itself, most of these type-check and then fail when the program starts.
 */
const kafkajs = fromKafkajs('index.js') as typeof Types

registerCodecs(kafkajs.CompressionCodecs)

export const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel, Partitioners } = kafkajs
export type Kafka = Types.Kafka
export type logLevel = Types.logLevel

export const {
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSOffsetOutOfRange,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
} = kafkajs
export type KafkaJSConnectionError = Types.KafkaJSConnectionError
export type KafkaJSError = Types.KafkaJSError
export type KafkaJSNonRetriableError = Types.KafkaJSNonRetriableError
export type KafkaJSNumberOfRetriesExceeded = Types.KafkaJSNumberOfRetriesExceeded
export type KafkaJSOffsetOutOfRange = Types.KafkaJSOffsetOutOfRange
export type KafkaJSProtocolError = Types.KafkaJSProtocolError
export type KafkaJSRequestTimeoutError = Types.KafkaJSRequestTimeoutError

export type {
  Admin,
  ISocketFactory,
  KafkaConfig,
  LogEntry,
  logCreator,
  Message,
  Producer,
  RecordMetadata,
  SASLOptions,
  Transaction,
} from 'kafkajs'
export {
  type AbortedTransaction,
  committedRecords,
  type FetchedRecords,
} from './aborted-records.ts'
export * from './kafkajs-internals.ts'
