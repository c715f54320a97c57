import { foundationNameFromApi } from './api-url.ts'
import type { FileSecrets } from './check-relations.ts'
import type {
  Config,
  FoundationConfig,
  KafkaConfig,
  KafkaSaslConfig,
  KafkaTokenConfig,
  SinkConfig,
  TlsConfig,
  UserLoginConfig,
} from './config.ts'
import type { KafkaDocument } from './kafka-schema.ts'
import type { ConfigDocument, FoundationDocument, SinkDocument } from './schema.ts'
import { Secret } from './secret.ts'
import { toStateDifferences } from './state-differences-schema.ts'
import { toSchemaRegistry } from './to-schema-registry.ts'

/** From a document without a fault to what the program works with. */
export function toConfig(document: ConfigDocument, secrets: FileSecrets): Config {
  const { retention, kafka } = document.log
  return {
    foundations: document.foundations.map((each, i) => toFoundation(each, i, secrets)),
    sinks: document.sinks.map(toSink),
    log: {
      dir: document.log.dir,
      retention: { maxAgeMs: retention.maxAge ?? null, maxBytes: retention.maxSize ?? null },
      kafka: kafka === undefined ? null : toKafka(kafka, secrets),
    },
    scrub: {
      key: secrets.get('scrub.keyFile') ?? document.scrub.key ?? null,
      keyFile: document.scrub.keyFile ?? null,
    },
    http: document.http.address,
    logging: document.logging,
    shutdownTimeoutMs: document.shutdownTimeout,
  }
}

function toFoundation(document: FoundationDocument, index: number, secrets: FileSecrets): FoundationConfig {
  const at = `foundations[${index}]`
  const login = toLogin(document, at, secrets)
  const clientSecret =
    secrets.get(`${at}.clientSecretFile`) ??
    document.clientSecret ??
    (login === null ? undefined : new Secret(''))
  const clientId = document.clientId ?? (login === null ? undefined : clientOfUsers)
  if (clientSecret === undefined || clientId === undefined)
    throw new Error(`${at} has no client or secret: checkRelations must say so`)
  return {
    name: document.name ?? foundationNameFromApi(document.api),
    api: document.api,
    clientId,
    clientSecret,
    clientSecretFile: document.clientSecretFile ?? null,
    login,
    apiVersion: document.apiVersion,
    caFile: document.caFile ?? null,
    insecure: document.insecure,
    requestTimeoutMs: document.requestTimeout,
    startFrom: document.startFrom,
    pollIntervalMs: document.pollInterval,
    overlapMs: document.overlap,
    sweeps: document.sweeps.map(({ every, over, compare }) => ({ everyMs: every, overMs: over, compare })),
    names: document.names,
    nameWaitMs: document.nameWait,
    tasks: document.tasks,
    verifyIntervalMs: document.verifyInterval,
    retentionMs: document.retention ?? null,
    stateDifferences: toStateDifferences(document.stateDifferences),
    strict: document.strict,
  }
}

/** That of the cf CLI: it is there on every foundation, and its secret is empty. */
const clientOfUsers = 'cf'

function toLogin(document: FoundationDocument, at: string, secrets: FileSecrets): UserLoginConfig | null {
  const { username, passwordFile = null, refreshTokenFile = null } = document
  const password = secrets.get(`${at}.passwordFile`) ?? document.password
  const refreshToken = secrets.get(`${at}.refreshTokenFile`) ?? document.refreshToken
  if (username !== undefined && password !== undefined)
    return { kind: 'password', username, password, passwordFile }
  if (refreshToken !== undefined) return { kind: 'refresh-token', refreshToken, refreshTokenFile }
  return null
}

function toSink(document: SinkDocument): SinkConfig {
  const { transport, host, port } = document.url
  return {
    name: document.name,
    url: `${transport === 'tls' ? 'syslog-tls' : 'syslog'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    host,
    port,
    format: document.format,
    framing: document.framing,
    tls: transport === 'tcp' ? null : toTls(document.tls),
    maxMessageBytes: document.maxMessageBytes,
    facility: document.facility,
    confirmTimeoutMs: document.confirmTimeout,
    cef: document.cef,
  }
}

function toTls(document: SinkDocument['tls']): TlsConfig {
  return {
    caFile: document.caFile ?? null,
    certFile: document.certFile ?? null,
    keyFile: document.keyFile ?? null,
    serverName: document.serverName ?? null,
    minVersion: document.minVersion,
  }
}

type SaslDocument = NonNullable<KafkaDocument['sasl']>

function toKafka(document: KafkaDocument, secrets: FileSecrets): KafkaConfig {
  const {
    brokers,
    prefix,
    createTopics,
    replicationFactor,
    topics,
    delivery,
    tls,
    sasl,
    schemaRegistry,
    rack,
    sessionTimeout,
  } = document
  return {
    brokers,
    prefix,
    createTopics,
    replicationFactor,
    topics: {
      retentionMs: topics.retention ?? null,
      minInsyncReplicas: topics.minInsyncReplicas ?? (replicationFactor >= 3 ? 2 : 1),
    },
    delivery,
    tls: tls === undefined ? null : toTls(tls),
    sasl: sasl === undefined ? null : toSasl(sasl, secrets),
    schemaRegistry: schemaRegistry === undefined ? null : toSchemaRegistry(schemaRegistry, secrets),
    rack: rack ?? null,
    sessionTimeoutMs: sessionTimeout,
  }
}

function toSasl(document: SaslDocument, secrets: FileSecrets): KafkaSaslConfig {
  const { mechanism, username } = document
  if (mechanism === 'OAUTHBEARER')
    return {
      mechanism,
      token: toToken(document.token ?? {}, secrets),
      extensions: Object.fromEntries(document.extensions),
    }
  const password = secrets.get('log.kafka.sasl.passwordFile') ?? document.password
  if (password === undefined || username === undefined)
    throw new Error('log.kafka.sasl has no username or no password: checkKafka must say so')
  return { mechanism, username, password, passwordFile: document.passwordFile ?? null }
}

function toToken(
  document: NonNullable<SaslDocument['token']>,
  secrets: FileSecrets,
): KafkaTokenConfig['token'] {
  const { file, url, clientId, clientSecretFile, scope, audience, caFile } = document
  if (file !== undefined) return { file }
  const clientSecret = secrets.get('log.kafka.sasl.token.clientSecretFile') ?? document.clientSecret
  if (url === undefined || clientId === undefined || clientSecret === undefined)
    throw new Error('log.kafka.sasl.token has no file and no whole client: checkKafkaToken must say so')
  return {
    url,
    clientId,
    clientSecret,
    clientSecretFile: clientSecretFile ?? null,
    scope: scope ?? null,
    audience: audience ?? null,
    caFile: caFile ?? null,
  }
}
