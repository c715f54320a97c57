import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { KafkaConfig } from '@cf-audit-drain/config'
import type { KafkaOptions, TopicSettings } from '@cf-audit-drain/log/kafka'
import { type KafkaLoginDeps, kafkaLogin } from './kafka-login.ts'

export interface KafkaUse {
  /** Whether topics may be made where the configuration allows it. */
  readonly mode: 'write' | 'read'
  /** Who waits for the answer: a person is told at once that no broker can be reached, a machine waits for them. */
  readonly waits: 'person' | 'machine'
}

/** What the configuration says, as the log on Kafka takes it. */
export function kafkaOptions(
  kafka: KafkaConfig,
  { mode, waits }: KafkaUse,
  deps: KafkaLoginDeps,
): KafkaOptions {
  const { brokers, prefix, createTopics, delivery, tls, sasl, rack, sessionTimeoutMs } = kafka
  return {
    brokers,
    prefix,
    sessionTimeoutMs,
    delivery,
    waitsForBrokers: waits === 'machine',
    ...(rack === null ? {} : { rack }),
    createTopics: createTopics && mode === 'write' ? topicSettings(kafka) : null,
    ...(tls === null ? {} : { ssl: () => tlsOf(tls) }),
    ...(sasl === null ? {} : { sasl: kafkaLogin(sasl, deps) }),
  }
}

export function topicSettings({ replicationFactor, topics }: KafkaConfig): TopicSettings {
  return { replicationFactor, ...topics }
}

/** The files are read for every connection: they may have been rotated. */
function tlsOf(tls: NonNullable<KafkaConfig['tls']>): ConnectionOptions {
  const { caFile, certFile, keyFile, serverName } = tls
  return {
    ...(caFile === null ? {} : { ca: readFileSync(caFile) }),
    ...(certFile === null ? {} : { cert: readFileSync(certFile) }),
    ...(keyFile === null ? {} : { key: readFileSync(keyFile) }),
    ...(serverName === null ? {} : { servername: serverName }),
    minVersion: tls.minVersion,
  }
}
