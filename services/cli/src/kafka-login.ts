import { TokenEndpoint } from '@cf-audit-drain/cloud-foundry'
import type {
  KafkaPasswordConfig,
  KafkaSaslConfig,
  KafkaTokenConfig,
  KafkaTokenEndpointConfig,
  Secret,
} from '@cf-audit-drain/config'
import type { KafkaOptions } from '@cf-audit-drain/log/kafka'
import type { Clock } from '@cf-audit-drain/pipeline'
import { secretSource } from './secret-source.ts'
import { tokenInFile } from './token-in-file.ts'

export interface KafkaLoginDeps {
  readonly clock: Clock
  /** One sentence, no secrets. */
  readonly warn: (sentence: string) => void
}

const mechanisms = {
  PLAIN: 'plain',
  'SCRAM-SHA-256': 'scram-sha-256',
  'SCRAM-SHA-512': 'scram-sha-512',
} as const

/** A login must be over before the brokers' client gives up on the connection (10 s). */
const tokenTimeoutMs = 8_000

/** The login that the configuration asks for, as kafkajs takes it: a token is asked for whenever a connection needs one. */
export function kafkaLogin(sasl: KafkaSaslConfig, deps: KafkaLoginDeps): NonNullable<KafkaOptions['sasl']> {
  return sasl.mechanism === 'OAUTHBEARER' ? byToken(sasl, deps) : byPassword(sasl)
}

function byPassword({ mechanism, username, password, passwordFile }: KafkaPasswordConfig) {
  return {
    mechanism: mechanisms[mechanism],
    username,
    /** kafkajs asks for it at each login. */
    get password() {
      return passwordNow(password, passwordFile)
    },
  }
}

/** What the file holds; while it cannot be read, as in the middle of a rotation, what was read at the start. */
function passwordNow(first: Secret, file: string | null): string {
  try {
    return secretSource(first, file)()
  } catch {
    return first.reveal()
  }
}

function byToken({ token, extensions }: KafkaTokenConfig, deps: KafkaLoginDeps) {
  const ask = 'file' in token ? async () => tokenInFile(token.file, deps.clock) : askedFrom(token, deps)
  return {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => ({ value: await ask(), extensions }),
  } as const
}

function askedFrom(config: KafkaTokenEndpointConfig, { clock, warn }: KafkaLoginDeps): () => Promise<string> {
  const { clientSecret, clientSecretFile, ...options } = config
  const endpoint = new TokenEndpoint(
    {
      ...options,
      requestTimeoutMs: tokenTimeoutMs,
      clientSecret: secretSource(clientSecret, clientSecretFile),
    },
    { clock, onWarning: warn },
  )
  return async () => (await endpoint.token()).accessToken
}
