import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { asError } from '@cf-audit-drain/pipeline'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import type { KafkaOptions } from './kafka-options.ts'
import { type Connection, openConnection } from './kafkajs-internals.ts'
import { askMetadata, askVersions, saslMechanisms } from './own-requests.ts'
import { tlsRemedy } from './tls-remedy.ts'

const timeoutMs = 4_000
/** For a second question, whose answer only makes the first one's plainer. */
const hintTimeoutMs = 1_500

type Fault =
  | { readonly kind: 'unreachable' | 'settings'; readonly text: string }
  /** Reached as it should be. */
  | null

/**
 * What stands between us and the brokers before any of them has said what it thinks of our password; null when one of
 * them can be reached as the settings say. kafkajs tells all of it as "Closed connection", after many attempts.
 */
export async function connectionFault(
  options: KafkaOptions,
): Promise<KafkaStateError | KafkaUnavailableError | null> {
  const faults = await Promise.all(options.brokers.map(broker => faultOf(broker, options)))
  if (faults.includes(null)) return null
  const settings = faults.find(fault => fault?.kind === 'settings')
  if (settings) return new KafkaStateError(settings.text)
  const texts = faults.map(fault => fault?.text ?? '')
  return new KafkaUnavailableError(
    `cannot reach Kafka: ${texts.join('; ')}. Do the brokers run, is log.kafka.brokers right, and does a firewall stand between?`,
  )
}

async function faultOf(broker: string, options: KafkaOptions): Promise<Fault> {
  const ask = asking(broker, options)
  const ssl = await sslNow(options).catch(asError)
  if (ssl instanceof Error) return { kind: 'unreachable', text: `${broker}: ${ssl.message}` }
  const wantsTls = ssl !== undefined && ssl !== false
  try {
    await ask(ssl, askVersions)
  } catch (error) {
    return wantsTls ? await tlsFault(broker, error, ask) : await plainFault(broker, error, ask)
  }
  return loginFault(broker, { ssl, sasl: options.sasl }, ask)
}

type Ssl = ConnectionOptions | boolean | undefined

/** Rejects with what reading its files comes to. */
async function sslNow({ ssl }: KafkaOptions): Promise<Ssl> {
  return typeof ssl === 'function' ? ssl() : ssl
}

type Ask = <T>(ssl: Ssl, question: (c: Connection) => Promise<T>, patienceMs?: number) => Promise<T>

/** Each question on a connection of its own. */
function asking(broker: string, { socketFactory }: KafkaOptions): Ask {
  const [host = '', port] = broker.split(':')
  return async (ssl, question, patienceMs = timeoutMs) => {
    const connection = openConnection({
      host,
      port: Number(port),
      ...(ssl === undefined ? {} : { ssl }),
      ...(socketFactory === undefined ? {} : { socketFactory }),
      clientId: 'cf-audit-drain',
      timeoutMs: patienceMs,
    })
    try {
      await connection.connect()
      return await question(connection)
    } finally {
      connection.disconnect().catch(() => undefined)
    }
  }
}

async function plainFault(broker: string, error: unknown, ask: Ask): Promise<Fault> {
  if (neverConnected(error)) return unreachable(broker, error)
  return (await speaksTls(ask))
    ? settings(
        `${broker} speaks TLS, and log.kafka.tls is not set: write tls: true, or tls: { caFile: … } (KAFKA_TLS_CA_FILE)`,
      )
    : unreachable(broker, error)
}

/** By a handshake, also one that it refuses: it may want a certificate of ours, and end what has none. */
async function speaksTls(ask: Ask): Promise<boolean> {
  const shaken = ask({ rejectUnauthorized: false }, async () => true, hintTimeoutMs)
  return shaken.catch(error => byTlsRecord.test(codeOf(error)))
}

/** OpenSSL's codes of what only a TLS record can say: an alert, or a version that we do not speak. */
const byTlsRecord = /^ERR_SSL_(?:.*_ALERT_|UNSUPPORTED_PROTOCOL$)/

async function tlsFault(broker: string, error: unknown, ask: Ask): Promise<Fault> {
  const code = codeOf(error)
  if (certificateCodes.has(code))
    return settings(
      `the certificate of ${broker} is not accepted (${code}): ${
        code === 'ERR_TLS_CERT_ALTNAME_INVALID'
          ? `it does not carry the name ${isIP(broker.split(':')[0] ?? '') ? 'or address ' : ''}in log.kafka.brokers; set log.kafka.tls.serverName, or use the name it carries`
          : 'set log.kafka.tls.caFile to the authority that signed it, and see whether it has run out'
      }`,
    )
  if (await works(() => ask(false, askVersions, hintTimeoutMs)))
    return settings(
      `${broker} speaks no TLS, and log.kafka.tls is set: use the port that does, or take tls out of log.kafka`,
    )
  if (!neverConnected(error) || code.startsWith('ERR_SSL_')) {
    const { message } = asError(error)
    const remedy =
      tlsRemedy(message) ||
      ': does it ask for a certificate of ours (log.kafka.tls.certFile, keyFile), or for an older TLS (minVersion)?'
    return { kind: 'unreachable', text: `${broker} ends the TLS handshake (${code || message})${remedy}` }
  }
  return unreachable(broker, error)
}

async function loginFault(
  broker: string,
  { ssl, sasl }: { readonly ssl: Ssl; readonly sasl: KafkaOptions['sasl'] },
  ask: Ask,
): Promise<Fault> {
  const wanted = sasl?.mechanism.toUpperCase()
  const mechanisms = await ask(ssl, connection => saslMechanisms(connection, wanted ?? 'PLAIN')).catch(
    () => undefined,
  )
  if (mechanisms === undefined) return null
  if (wanted === undefined) {
    if (mechanisms === null || (await works(() => ask(ssl, askMetadata)))) return null
    return settings(
      `${broker} wants a login, and log.kafka.sasl is not set: it takes ${mechanisms.join(', ')}`,
    )
  }
  if (mechanisms === null)
    return settings(
      `${broker} has no login, and log.kafka.sasl is set: use the port that has one, or take sasl out of log.kafka`,
    )
  if (mechanisms.includes(wanted)) return null
  return settings(
    `${broker} takes no login by ${wanted}: set log.kafka.sasl.mechanism to one of ${mechanisms.join(', ')}`,
  )
}

async function works(attempt: () => Promise<unknown>): Promise<boolean> {
  return attempt().then(
    () => true,
    () => false,
  )
}

function unreachable(broker: string, error: unknown): Fault {
  const code = codeOf(error)
  const why = reasons[code] ?? asError(error).message.replace(/^Connection error: /, '')
  return { kind: 'unreachable', text: `${broker} ${why}${code === '' ? '' : ` (${code})`}` }
}

const settings = (text: string): Fault => ({ kind: 'settings', text })

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ENOTFOUND: 'has a name that nobody knows',
  EAI_AGAIN: 'has a name that could not be looked up just now',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ECONNRESET: 'ends the connection',
}

const certificateCodes = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

function neverConnected(error: unknown): boolean {
  return asError(error).name === 'KafkaJSConnectionError'
}
