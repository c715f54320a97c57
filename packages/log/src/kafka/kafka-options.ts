import type { ConnectionOptions } from 'node:tls'
import type { ISocketFactory, SASLOptions } from 'kafkajs'
import type { SchemaIds } from './schema-ids.ts'
import type { TopicSettings } from './topics.ts'

export interface KafkaOptions {
  /** `host:port` of some brokers; the others are learned from them. */
  readonly brokers: readonly string[]
  /** A function is called for every connection, so that rotated certificates are followed. */
  readonly ssl?: ConnectionOptions | boolean | (() => ConnectionOptions)
  readonly sasl?: SASLOptions
  /** What topics, groups and transactional ids begin with. */
  readonly prefix?: string
  /** Makes topics that are missing, one partition each; null: a missing topic is an error. */
  readonly createTopics?: TopicSettings | null
  /** `at-least-once`: without transactions, for a Kafka that refuses them. What that costs: docs/decisions/0007. */
  readonly delivery?: Delivery
  /** After a kill, how long until another worker takes over. */
  readonly sessionTimeoutMs?: number
  /** How often a sink looks for foundations that are new. */
  readonly topicRefreshMs?: number
  /** Where this process is, as the brokers' `broker.rack` calls it: sinks read from replicas there. */
  readonly rack?: string
  /** What one produce request holds, before compression. */
  readonly requestBytesMax?: number
  /** Whether brokers that cannot be reached are tried for some 20 s; not where a person waits for the answer. */
  readonly waitsForBrokers?: boolean
  /** How many of the newest guids a writer reads back when it opens. */
  readonly recentGuids?: number
  /** Foundations whose checkpoint is gone, and of which the operator has said where to go on. */
  readonly startAnew?: readonly string[]
  /** Those of the configuration: a sink asks for their topics by name, so that it learns which ones it may not see. */
  readonly foundations?: readonly string[]
  /** Events are written in Confluent's wire format, as far as these are known. Readers need none. */
  readonly schemaIds?: SchemaIds | null
  readonly socketFactory?: ISocketFactory
  readonly onLog?: (line: KafkaLogLine) => void
}

export type Delivery = 'exactly-once' | 'at-least-once'

export interface KafkaLogLine {
  readonly level: 'warn' | 'info' | 'debug'
  readonly message: string
  readonly namespace: string
}

export type Settings = Required<Omit<KafkaOptions, 'ssl' | 'sasl' | 'socketFactory' | 'onLog'>>

export const kafkaDefaults = {
  prefix: 'cf-audit',
  createTopics: null,
  delivery: 'exactly-once',
  sessionTimeoutMs: 6_000,
  topicRefreshMs: 30_000,
  rack: '',
  requestBytesMax: 900_000,
  waitsForBrokers: true,
  recentGuids: 50_000,
  startAnew: [],
  foundations: [],
  schemaIds: null,
} as const satisfies Omit<Settings, 'brokers'>

/** Limits on single steps, none of them configurable: each is far above what a healthy cluster needs. */
export const limits = {
  connectionMs: 10_000,
  requestMs: 20_000,
  /** One question to the brokers about topics, groups or offsets, and its answer. */
  adminMs: 30_000,
  /** The brokers abort a transaction that is open longer. */
  transactionMs: 120_000,
  /** One publish, from its first request to its commit; what is large is given more, see `publishMsOf`. */
  publishMs: 25_000,
  /** Fencing, reading the checkpoint and the newest guids. */
  openMs: 120_000,
  closeMs: 2_000,
  /**
   * What is in hand when the process is told to stop; a sink's from when its receiver has confirmed it. Together with closing it is less than
   * the 10 s that docker gives; what is given up is done again by the next process, after fencing and reading back.
   */
  stopMs: 3_000,
} as const

/** How long a publish of so many bytes may take: 25 s, and as long as a link of 4 Mbit/s needs. */
export function publishMsOf(bytes: number): number {
  return Math.min(limits.publishMs + bytes / 500, limits.transactionMs - 10_000)
}
