import {
  type Broker,
  type Connection,
  Decoder,
  Encoder,
  type OwnRequest,
  protocolError,
} from './kafkajs-internals.ts'

/*
 * Requests that kafkajs 2.2.4 does not have, or not in this version. Layouts: https://kafka.apache.org/protocol
 * None of them makes or changes a topic but IncrementalAlterConfigs: CreateTopics is only asked whether it would.
 */

/** AclOperation: the bit of each in `authorized_operations`. */
const operationBits = {
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  DescribeConfigs: 10,
  AlterConfigs: 11,
  IdempotentWrite: 12,
} as const
export type Operation = keyof typeof operationBits

export interface DescribedTopic {
  readonly topic: string
  /** Why the brokers tell nothing of it: `UNKNOWN_TOPIC_OR_PARTITION`, `TOPIC_AUTHORIZATION_FAILED`. */
  readonly error: string | null
  readonly partitions: readonly {
    readonly id: number
    readonly replicas: readonly number[]
    readonly inSync: readonly number[]
  }[]
  /** What this login may do with it; everything where the brokers ask for no rights. */
  readonly allowed: ReadonlySet<Operation>
}

export interface DescribedCluster {
  readonly nodeIds: readonly number[]
  readonly topics: readonly DescribedTopic[]
}

/** Metadata v8 of these topics. No broker makes a topic for it. */
export function describeTopics(broker: Broker, topics: readonly string[]): Promise<DescribedCluster> {
  return metadata(broker, new Encoder().writeArray(topics), { withRights: true })
}

/** Every topic that this login may see, in whatever state it is. */
export async function topicNames(broker: Broker): Promise<readonly string[]> {
  const all = new Encoder().writeInt32(-1)
  const { topics } = await metadata(broker, all, { withRights: false })
  return topics.map(({ topic }) => topic)
}

function metadata(
  { connectionPool }: Broker,
  topics: Encoder,
  { withRights }: { readonly withRights: boolean },
): Promise<DescribedCluster> {
  return connectionPool.send(
    own(
      { apiKey: 3, apiVersion: 8, apiName: 'Metadata' },
      topics.writeBoolean(false).writeBoolean(false).writeBoolean(withRights),
      readDescribedCluster,
    ),
  )
}

function readDescribedCluster(decoder: Decoder): DescribedCluster {
  decoder.readInt32()
  const nodeIds = decoder.readArray(broker => {
    const id = broker.readInt32()
    broker.readString()
    broker.readInt32()
    broker.readString()
    return id
  })
  decoder.readString()
  decoder.readInt32()
  return { nodeIds, topics: decoder.readArray(readDescribedTopic) }
}

function readDescribedTopic(decoder: Decoder): DescribedTopic {
  const error = protocolError(decoder.readInt16())?.type ?? null
  const topic = decoder.readString() ?? ''
  decoder.readBoolean()
  const partitions = decoder.readArray(partition => {
    partition.readInt16()
    const id = partition.readInt32()
    partition.readInt32()
    partition.readInt32()
    const [replicas, inSync] = [readIds(partition), readIds(partition)]
    readIds(partition)
    return { id, replicas, inSync }
  })
  const bits = decoder.readInt32()
  const isHidden = error === 'TOPIC_AUTHORIZATION_FAILED'
  return { topic, error, partitions, allowed: isHidden ? new Set() : operationsOf(bits) }
}

const readIds = (decoder: Decoder) => decoder.readArray(id => id.readInt32())

/** DescribeGroups v3: what this login may do with a group, also with one that does not exist. */
export function groupOperations({ connectionPool }: Broker, group: string): Promise<ReadonlySet<Operation>> {
  return connectionPool.send(
    own(
      { apiKey: 15, apiVersion: 3, apiName: 'DescribeGroups' },
      new Encoder().writeArray([group]).writeBoolean(true),
      decoder => {
        decoder.readInt32()
        const [allowed] = decoder.readArray(readGroupOperations)
        return allowed ?? new Set<Operation>()
      },
    ),
  )
}

function readGroupOperations(decoder: Decoder): ReadonlySet<Operation> {
  const error = protocolError(decoder.readInt16())
  for (let i = 0; i < 4; i++) decoder.readString()
  decoder.readArray(member => {
    for (let i = 0; i < 3; i++) member.readString()
    member.readBytes()
    member.readBytes()
  })
  const allowed = operationsOf(decoder.readInt32())
  if (error !== null) throw error
  return allowed
}

/** IncrementalAlterConfigs v0: sets these and leaves every other setting of the topic as it is. */
export function setTopicConfig(
  { connectionPool }: Broker,
  topic: string,
  settings: ReadonlyMap<string, string>,
): Promise<void> {
  const set = [...settings].map(([name, value]) =>
    new Encoder().writeString(name).writeInt8(0).writeString(value),
  )
  const resource = new Encoder().writeInt8(topicResource).writeString(topic).writeArray(set)
  return connectionPool.send(
    own(
      { apiKey: 44, apiVersion: 0, apiName: 'IncrementalAlterConfigs' },
      new Encoder().writeArray([resource]).writeBoolean(false),
      decoder => {
        decoder.readInt32()
        const code = decoder.readArray(each => each.readInt16())[0] ?? 0
        const error = protocolError(code)
        if (error !== null) throw error
      },
    ),
  )
}

/** CreateTopics v2, for validation only: why the brokers would make none of these, by their names; null when they would. */
export async function whyNotCreated(
  { connectionPool }: Broker,
  topics: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const wanted = topics.map(topic =>
    new Encoder().writeString(topic).writeInt32(1).writeInt16(1).writeArray([]).writeArray([]),
  )
  const body = new Encoder().writeArray(wanted).writeInt32(createTimeoutMs).writeBoolean(true)
  const answers = await connectionPool.send(
    own({ apiKey: 19, apiVersion: 2, apiName: 'CreateTopics' }, body, decoder => {
      decoder.readInt32()
      return decoder.readArray(each => {
        const topic = each.readString() ?? ''
        const error = protocolError(each.readInt16())?.type ?? null
        each.readString()
        return [topic, error] as const
      })
    }),
  )
  return new Map(answers)
}

const createTimeoutMs = 5_000

/** ConfigResource.Type */
export const topicResource = 2

/** SaslHandshake v1, on a connection of its own: the mechanisms there are, null when this listener has no login. */
export function saslMechanisms(connection: Connection, wanted: string): Promise<readonly string[] | null> {
  return connection.send(
    own(
      { apiKey: 17, apiVersion: 1, apiName: 'SaslHandshake' },
      new Encoder().writeString(wanted),
      decoder => {
        const type = protocolError(decoder.readInt16())?.type
        return type === 'ILLEGAL_SASL_STATE' ? null : decoder.readArray(each => each.readString() ?? '')
      },
    ),
  )
}

/** ApiVersions v0: resolves when this is a Kafka broker that can be understood so. */
export function askVersions(connection: Connection): Promise<void> {
  return connection.send(
    own({ apiKey: 18, apiVersion: 0, apiName: 'ApiVersions' }, new Encoder(), decoder => {
      decoder.readInt16()
    }),
  )
}

/** Metadata v1 of no topic: a broker that wants a login closes the connection instead of answering. */
export function askMetadata(connection: Connection): Promise<void> {
  return connection.send(
    own({ apiKey: 3, apiVersion: 1, apiName: 'Metadata' }, new Encoder().writeArray([]), () => undefined),
  )
}

/** What a broker says that does not tell. */
const untold = -(2 ** 31)

function operationsOf(bits: number): ReadonlySet<Operation> {
  const names = Object.keys(operationBits) as Operation[]
  if (bits === untold) return new Set(names)
  return new Set(names.filter(name => (bits & (1 << operationBits[name])) !== 0))
}

function own<T>(
  about: Pick<OwnRequest<T>['request'], 'apiKey' | 'apiVersion' | 'apiName'>,
  body: Encoder,
  read: (decoder: Decoder) => T,
): OwnRequest<T> {
  return {
    request: { ...about, encode: async () => body },
    response: {
      decode: async bytes => ({ value: read(new Decoder(bytes)) }),
      parse: async decoded => (decoded as { readonly value: T }).value,
    },
  }
}
