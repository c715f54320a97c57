import './aborted-records-guard.ts'
import './commit-generation-guard.ts'
import './reauthentication-guard.ts'
import './record-batch-guard.ts'
import './record-guard.ts'
import './request-queue-guard.ts'
import './metadata-guard.ts'
import type * as Types from 'kafkajs'
import { registerCodecs } from './compression.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'

/*
 * The only door to kafkajs: what is taken from here has our guards and codecs in place. Imported by their names from
 * kafkajs itself, most of these type-check and then fail when the program starts.
 */
const kafkajs = fromKafkajs('index.js') as typeof Types

registerCodecs(kafkajs.CompressionCodecs)

export const {
  AssignerProtocol,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  KafkaJSNonRetriableError,
  logLevel,
  PartitionAssigners,
} = kafkajs
export type Kafka = Types.Kafka
export type logLevel = Types.logLevel

export * from './kafkajs-internals.ts'
