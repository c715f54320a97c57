import type { StateKind } from '@cf-audit-drain/event'
import type { HttpAddress } from './http-address.ts'
import type { Secret } from './secret.ts'
import type { StartFrom } from './start-from.ts'

/** A configuration without a fault. Durations are milliseconds, sizes bytes. */
export interface Config {
  /** Empty when none is configured at all. */
  readonly foundations: readonly FoundationConfig[]
  /** May be empty: events then stay in the log. */
  readonly sinks: readonly SinkConfig[]
  readonly log: {
    readonly dir: string
    readonly retention: { readonly maxAgeMs: number | null; readonly maxBytes: number | null }
    /** Null: the log is in `dir`. Otherwise `dir` holds the scrubbing key only, and `retention` is empty. */
    readonly kafka: KafkaConfig | null
  }
  /** Both null: a key is made on the first start and kept in `log.dir`. */
  readonly scrub: { readonly key: Secret | null; readonly keyFile: string | null }
  readonly http: HttpAddress
  readonly logging: { readonly level: LogLevel }
  readonly shutdownTimeoutMs: number
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'

export interface KafkaConfig {
  /** `host:port`, never empty. */
  readonly brokers: readonly string[]
  readonly prefix: string
  readonly createTopics: boolean
  /** Of the topics made here. */
  readonly replicationFactor: number
  readonly topics: {
    /** Null: for ever. */
    readonly retentionMs: number | null
    /** At most `replicationFactor`. */
    readonly minInsyncReplicas: number
  }
  /** `at-least-once`: without transactions. */
  readonly delivery: 'exactly-once' | 'at-least-once'
  /** Null over plain TCP. */
  readonly tls: TlsConfig | null
  /** Null: nobody logs in. */
  readonly sasl: KafkaSaslConfig | null
  /** Null: events are Avro single objects. */
  readonly schemaRegistry: SchemaRegistryConfig | null
  /** Null: reads from the leaders. */
  readonly rack: string | null
  readonly sessionTimeoutMs: number
}

export interface SchemaRegistryConfig {
  /** Without a slash at the end. */
  readonly url: string
  readonly login: SchemaRegistryLogin | null
  readonly caFile: string | null
}

/** `file`: where the secret was read from; to be read again. */
export type SchemaRegistryLogin =
  | { readonly username: string; readonly password: Secret; readonly file: string | null }
  | { readonly token: Secret; readonly file: string | null }

export type KafkaSaslConfig = KafkaPasswordConfig | KafkaTokenConfig

export interface KafkaPasswordConfig {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  /** What stood in `passwordFile` when the configuration was read, if there is one. */
  readonly password: Secret
  /** Read again for each login: it may have been rotated. */
  readonly passwordFile: string | null
}

export interface KafkaTokenConfig {
  readonly mechanism: 'OAUTHBEARER'
  /** A file to be read for each login, or whom to ask. */
  readonly token: { readonly file: string } | KafkaTokenEndpointConfig
  readonly extensions: Readonly<Record<string, string>>
}

export interface KafkaTokenEndpointConfig {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: Secret
  /** Where `clientSecret` was read from; to be read again. */
  readonly clientSecretFile: string | null
  readonly scope: string | null
  readonly audience: string | null
  readonly caFile: string | null
}

export interface FoundationConfig {
  readonly name: string
  /** Scheme, host and port, no trailing slash. */
  readonly api: string
  readonly clientId: string
  readonly clientSecret: Secret
  /** Where `clientSecret` was read from; read it again (readSecretFile) when it is refused. */
  readonly clientSecretFile: string | null
  /** Null: the client speaks for itself. */
  readonly login: UserLoginConfig | null
  readonly apiVersion: 'auto' | 'v3' | 'v2'
  readonly caFile: string | null
  readonly insecure: boolean
  /** Of one request, connecting, headers and body. */
  readonly requestTimeoutMs: number
  readonly startFrom: StartFrom
  readonly pollIntervalMs: number
  readonly overlapMs: number
  readonly sweeps: readonly SweepConfig[]
  readonly names: 'lookup' | 'events' | 'off'
  readonly nameWaitMs: number
  readonly tasks: { readonly follow: boolean; readonly command: 'off' | 'fingerprint' | 'clear' }
  readonly verifyIntervalMs: number
  /** Of Cloud Controller, by the operator's word; null: by what is seen. */
  readonly retentionMs: number | null
  /** Null: off. */
  readonly stateDifferences: StateDifferencesConfig | null
  readonly strict: boolean
}

/** The files are where the secret was read from; to be read again for each login. */
export type UserLoginConfig =
  | {
      readonly kind: 'password'
      readonly username: string
      readonly password: Secret
      readonly passwordFile: string | null
    }
  | {
      readonly kind: 'refresh-token'
      readonly refreshToken: Secret
      readonly refreshTokenFile: string | null
    }

export interface StateDifferencesConfig {
  readonly everyMs: number
  readonly kinds: readonly StateKind[]
}

export interface SweepConfig {
  readonly everyMs: number
  readonly overMs: number
  readonly compare: 'count' | 'guids'
}

export interface SinkConfig {
  readonly name: string
  /** `syslog-tls://host:port`, without options: fit to be shown. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly format: 'cef' | 'json'
  readonly framing: 'octet-counting' | 'lf'
  /** Null over plain TCP. */
  readonly tls: TlsConfig | null
  readonly maxMessageBytes: number
  readonly facility: number
  readonly confirmTimeoutMs: number
  readonly cef: { readonly avoidEquals: boolean; readonly leadingSpace: boolean }
}

export interface TlsConfig {
  readonly caFile: string | null
  readonly certFile: string | null
  readonly keyFile: string | null
  readonly serverName: string | null
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
}
