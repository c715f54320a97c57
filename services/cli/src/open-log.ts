import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { Config, KafkaConfig } from '@cf-audit-drain/config'
import { type EventLog, openEmbeddedLog } from '@cf-audit-drain/log'
import type { KafkaOptions, TopicSettings } from '@cf-audit-drain/log/kafka'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'

/** The log that the configuration asks for. `read`: for looking into it, beside whoever writes. */
export async function openLog(
  config: Config,
  deps: { readonly clock: Clock; readonly logger: Logger | null },
  mode: 'write' | 'read' = 'write',
  startAnew: readonly string[] = [],
): Promise<EventLog> {
  const { kafka, dir } = config.log
  if (kafka === null) return openEmbeddedLog({ dir, clock: deps.clock, mode })
  const { openKafkaLog } = await import('@cf-audit-drain/log/kafka')
  const logger = deps.logger?.child({ component: 'kafka' })
  return openKafkaLog(
    {
      ...kafkaOptions(kafka, mode),
      startAnew,
      onLog: ({ level, namespace, message }) => logger?.[level]({ namespace }, message),
    },
    {
      clock: deps.clock,
      observer: {
        warn: sentence => logger?.warn(sentence),
        failed: error => logger?.warn({ reason: error.message }, 'Kafka failed; it is tried again'),
        outOfRange: ({ sink, topic, from, to }) =>
          logger?.error(
            { sink, topic, from: String(from), to: String(to) },
            'LOST for this sink: retention removed records that it had not had; going on at the oldest there is',
          ),
        deliveredTwice: records =>
          logger?.warn(
            { records },
            'another worker took the foundation over meanwhile, and delivers these again',
          ),
      },
    },
  )
}

export function kafkaOptions(kafka: KafkaConfig, mode: 'write' | 'read'): KafkaOptions {
  const { brokers, prefix, createTopics, tls, sasl, sessionTimeoutMs } = kafka
  return {
    brokers,
    prefix,
    sessionTimeoutMs,
    createTopics: createTopics && mode === 'write' ? topicSettings(kafka) : null,
    ...(tls === null ? {} : { ssl: tlsOf(tls) }),
    ...(sasl === null ? {} : { sasl: saslOf(sasl) }),
  }
}

export function topicSettings({ replicationFactor, topics }: KafkaConfig): TopicSettings {
  return { replicationFactor, ...topics }
}

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

function saslOf({
  mechanism,
  username,
  password,
}: NonNullable<KafkaConfig['sasl']>): NonNullable<KafkaOptions['sasl']> {
  const login = { username, password: password.reveal() }
  if (mechanism === 'PLAIN') return { mechanism: 'plain', ...login }
  if (mechanism === 'SCRAM-SHA-256') return { mechanism: 'scram-sha-256', ...login }
  return { mechanism: 'scram-sha-512', ...login }
}
