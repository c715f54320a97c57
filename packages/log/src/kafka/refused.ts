import { KafkaStateError, namesOf, typesOf } from './kafka-error.ts'
import type { KafkaOptions } from './kafka-options.ts'
import type { Operation } from './own-requests.ts'

export type Resource = 'topic' | 'group' | 'transactional-id'

/** One right that a login needs. */
export interface Right {
  readonly resource: Resource
  readonly name: string
  readonly operation: Operation
}

/** The way out for whoever has no transactions. */
export const withoutTransactions =
  'where transactions are not to be had, set log.kafka.delivery: at-least-once (KAFKA_DELIVERY)'

/**
 * `Read and Write on the topic a, Read on the group c; do: …`, with the commands that give them. Who may not read a topic is
 * not told either whether it is there, and so whether it has to be made.
 */
export function lackingRights(rights: readonly Right[], kafka: KafkaOptions): KafkaStateError {
  const lacked = Map.groupBy(rights, ({ resource, name }) => JSON.stringify([resource, name]))
  const of = [...lacked.values()].map(each => ({
    operations: each.map(({ operation }) => operation),
    resource: each[0]?.resource ?? 'topic',
    name: each[0]?.name ?? '',
  }))
  const text = of.map(
    ({ operations, resource, name }) => `${operations.join(' and ')} on the ${resource} ${name}`,
  )
  const commands = of.map(
    ({ operations, resource, name }) =>
      `kafka-acls --bootstrap-server ${bootstrapOf(kafka)} --add --allow-principal ${principalOf(kafka)} ` +
      `${operations.map(operation => `--operation ${operation}`).join(' ')} --${resource} ${name}`,
  )
  const isUnsure = of.some(({ operations }) => operations.includes('Create') && operations.includes('Read'))
  const unsure = isUnsure
    ? ' (Create only where the topic is not there yet: Kafka does not say so to this login)'
    : ''
  const instead = rights.some(({ resource }) => resource === 'transactional-id')
    ? ` (${withoutTransactions})`
    : ''
  return new KafkaStateError(
    `Kafka does not allow this login ${text.join(', ')}${unsure}${instead}; do: ${commands.join(' ; ')}`,
  )
}

/** For Kafka's own commands: the brokers, and where their port wants a login the file that an administrator's is in. */
export function bootstrapOf({ brokers, sasl, ssl }: KafkaOptions): string {
  const wantsLogin = sasl !== undefined || (ssl !== undefined && ssl !== false)
  return `${brokers.join(',')}${wantsLogin ? ' --command-config administrator.properties' : ''}`
}

function principalOf({ sasl }: KafkaOptions): string {
  return sasl !== undefined && 'username' in sasl ? `User:${sasl.username}` : 'User:…'
}

const authorization = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
])

/** Whether the brokers know us and do not let us. */
export function isUnauthorized(error: unknown): boolean {
  return refusalTypes(error).some(type => authorization.has(type))
}

/** Whether it may be that: kafkajs keeps to itself why no broker told it the coordinator of a group. */
export function mayLackRights(error: unknown): boolean {
  return isUnauthorized(error) || namesOf(error).includes('KafkaJSGroupCoordinatorNotFound')
}

/** The sentence of a login that the brokers refuse; null for any other error. */
export function loginRefused(error: unknown): string | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++)
    if (at.name === 'KafkaJSSASLAuthenticationError')
      return `Kafka refuses the login: ${at.message}; check log.kafka.sasl (mechanism, username and password, or token), and that the brokers know this user`
  return null
}

/** kafkajs gathers what the brokers say of several topics. */
function refusalTypes(error: unknown): readonly string[] {
  const gathered = (error as { readonly errors?: readonly unknown[] } | null)?.errors ?? []
  return [...typesOf(error), ...gathered.flatMap(typesOf)]
}

/** What the brokers have against looking at, making or changing a topic, in a sentence; any other error as it is. */
export function refusedTopic(
  error: unknown,
  asked: {
    readonly kafka: KafkaOptions
    readonly topic: string
    readonly operation: Operation
    readonly replicationFactor: number
  },
): unknown {
  const { kafka, topic, operation, replicationFactor } = asked
  const types = refusalTypes(error)
  if (isUnauthorized(error)) return lackingRights([{ resource: 'topic', name: topic, operation }], kafka)
  if (types.includes('INVALID_REPLICATION_FACTOR'))
    return new KafkaStateError(
      `Kafka has fewer than ${replicationFactor} brokers for the topic ${topic}: add brokers, or set log.kafka.replicationFactor`,
      { cause: error },
    )
  const policy = types.find(type => type === 'POLICY_VIOLATION' || type === 'INVALID_CONFIG')
  if (policy !== undefined)
    return new KafkaStateError(
      `Kafka refuses the settings of the topic ${topic} (${policy}): make it by hand as cf-audit-drain topics plan shows it`,
      { cause: error },
    )
  return error
}
