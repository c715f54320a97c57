import type { Config, KafkaConfig, SchemaRegistryLogin } from '@cf-audit-drain/config'
import { type Clock, deadline } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'
import { RegistryClient, type RegistryOptions, SchemaIdKeeper } from '@cf-audit-drain/schema-registry'
import { secretSource } from './secret-source.ts'

/** How long a start waits for the first answer of a registry, so that the first events have their ids already. */
const startPatienceMs = 5_000

export interface RegistryDeps {
  readonly clock: Clock
  /** One sentence, no secrets. */
  readonly warn: (sentence: string) => void
}

/** Null where none is configured. */
export function registryClient(
  kafka: KafkaConfig | null,
  { clock, warn }: RegistryDeps,
): RegistryClient | null {
  const registry = kafka?.schemaRegistry ?? null
  if (registry === null) return null
  const { url, login, caFile } = registry
  return new RegistryClient(
    { url, login: login === null ? null : loginOf(login), caFile },
    { clock, onWarning: warn },
  )
}

function loginOf(login: SchemaRegistryLogin): NonNullable<RegistryOptions['login']> {
  return 'token' in login
    ? { token: secretSource(login.token, login.file) }
    : { username: login.username, password: secretSource(login.password, login.file) }
}

/** The topics of events of every configured foundation. */
export async function eventTopics({ log, foundations }: Config): Promise<readonly string[]> {
  const { Names } = await import('@cf-audit-drain/log/kafka')
  const names = new Names(log.kafka?.prefix ?? '')
  return foundations.map(({ name }) => names.events(name))
}

export interface SchemaRegistryService {
  readonly keeper: SchemaIdKeeper
  close(): Promise<void>
}

/**
 * The ids of a process that polls, kept up to date until it is closed; null where no registry is configured, or nothing is
 * polled. Waits a moment for the first answer, and goes on without one.
 */
export async function startSchemaRegistry(
  config: Config,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<SchemaRegistryService | null> {
  const warn = (sentence: string) => logger.warn(sentence)
  const client = config.foundations.length === 0 ? null : registryClient(config.log.kafka, { clock, warn })
  if (client === null) return null
  const keeper = new SchemaIdKeeper(client, await eventTopics(config), {
    clock,
    warn,
    inform: sentence => logger.info(sentence),
  })
  const stopping = new AbortController()
  const running = keeper.run(stopping.signal)
  await Promise.race([keeper.asked, clock.sleep(startPatienceMs, stopping.signal).catch(() => undefined)])
  return {
    keeper,
    async close() {
      stopping.abort(new Error('stopping'))
      await running
      await client.close()
    },
  }
}

/** A question that a command asks: for as long as somebody would wait for it. */
export function askedWithin(signal: AbortSignal): AbortSignal {
  return deadline(60_000, signal)
}
