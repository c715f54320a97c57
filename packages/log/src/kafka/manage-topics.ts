import type { Clock } from '@cf-audit-drain/pipeline'
import type { ITopicConfig } from 'kafkajs'
import { KafkaClient } from './kafka-client.ts'
import { type KafkaOptions, kafkaDefaults, limits } from './kafka-options.ts'
import type { Broker } from './kafkajs-internals.ts'
import { makeTopics } from './make-topics.ts'
import { Names } from './names.ts'
import { type DescribedCluster, describeTopics, setTopicConfig, topicResource } from './own-requests.ts'
import { bootstrapOf, lackingRights, type Right, refusedTopic } from './refused.ts'
import { planTopic, type TopicChange } from './topic-plan.ts'
import { type TopicSettings, topicsOf } from './topics.ts'
import { within } from './within.ts'

export interface TopicsOptions {
  readonly kafka: KafkaOptions
  readonly foundations: readonly string[]
  readonly settings: TopicSettings
}

export interface AppliedTopics {
  readonly done: readonly TopicChange[]
  /** What was left as it is: by hand, or lower without the operator's word for it. */
  readonly left: readonly TopicChange[]
}

/** How the brokers' topics differ from the wanted ones. Changes nothing, and no broker makes a topic for it. */
export function planTopics(options: TopicsOptions, clock: Clock): Promise<readonly TopicChange[]> {
  return withBroker(options, clock, (client, broker) => differences(options, client, broker))
}

/**
 * Makes what is missing, raises what is safe, and lowers for the topics of `allowLower` only.
 * @throws KafkaStateError when the brokers refuse a change, with what was wrong and what to do
 */
export function applyTopics(
  options: TopicsOptions,
  allowLower: ReadonlySet<string>,
  clock: Clock,
): Promise<AppliedTopics> {
  return withBroker(options, clock, async (client, broker) => {
    const changes = await differences(options, client, broker)
    const isDue = (change: TopicChange) =>
      change.kind === 'make' ||
      change.kind === 'raise' ||
      (change.kind === 'lower' && allowLower.has(change.topic))
    const done = changes.filter(isDue)
    for (const change of done) await apply(change, options, { client, broker, clock })
    return { done, left: changes.filter(change => !isDue(change)) }
  })
}

interface Door {
  readonly client: KafkaClient
  readonly broker: Broker
  readonly clock: Clock
}

async function apply(
  change: TopicChange,
  { kafka, settings }: TopicsOptions,
  { client, broker, clock }: Door,
): Promise<void> {
  const { topic } = change
  try {
    if (change.kind === 'make') await makeTopics(client, [change.wanted], kafka, clock)
    else if (change.kind !== 'by hand')
      await setTopicConfig(broker, topic, new Map([[change.key, change.value]]))
  } catch (error) {
    const { replicationFactor } = settings
    throw refusedTopic(error, { kafka, topic, operation: 'AlterConfigs', replicationFactor })
  }
}

async function withBroker<T>(
  { kafka }: TopicsOptions,
  clock: Clock,
  work: (client: KafkaClient, broker: Broker) => Promise<T>,
): Promise<T> {
  const client = new KafkaClient(kafka, clock)
  try {
    const cluster = await client.newCluster()
    try {
      await cluster.refreshMetadata()
      const asked = cluster.findControllerBroker().then(broker => work(client, broker))
      return await within(clock, limits.openMs, 'looking at the topics of Kafka', asked)
    } finally {
      cluster.disconnect().catch(() => undefined)
    }
  } finally {
    await client.close()
  }
}

async function differences(
  options: TopicsOptions,
  client: KafkaClient,
  broker: Broker,
): Promise<readonly TopicChange[]> {
  const wanted = wantedTopics(options)
  const described = await describeTopics(broker, [...wanted.keys()])
  const lacking = described.topics.flatMap(lackingToLook)
  if (lacking.length > 0) throw lackingRights(lacking, options.kafka)
  const place = { brokers: bootstrapOf(options.kafka), nodeIds: described.nodeIds }
  const changes: TopicChange[] = []
  for (const one of wanted.values()) {
    const found = await foundTopic(one, described, options, client)
    changes.push(...planTopic(one, found, place))
  }
  return changes
}

/** Of a topic that is hidden the brokers do not say what else may be done with it; one that is not there lacks nothing. */
function lackingToLook({ topic, error, allowed }: DescribedCluster['topics'][number]): readonly Right[] {
  const right = (operation: Right['operation']) => [{ resource: 'topic', name: topic, operation } as const]
  if (error === 'TOPIC_AUTHORIZATION_FAILED') return right('Describe')
  return error === null && !allowed.has('DescribeConfigs') ? right('DescribeConfigs') : []
}

export function wantedTopics({
  kafka,
  foundations,
  settings,
}: TopicsOptions): ReadonlyMap<string, ITopicConfig> {
  const names = new Names(kafka.prefix ?? kafkaDefaults.prefix)
  const all = foundations.flatMap(foundation => topicsOf(names, foundation, settings))
  return new Map(all.map(one => [one.topic, one]))
}

async function foundTopic(
  { topic, configEntries = [] }: ITopicConfig,
  { topics }: DescribedCluster,
  { kafka, settings }: TopicsOptions,
  client: KafkaClient,
) {
  const described = topics.find(one => one.topic === topic)
  if (described === undefined || described.error === 'UNKNOWN_TOPIC_OR_PARTITION') return null
  const refused = (error: unknown, operation: 'Describe' | 'DescribeConfigs') =>
    refusedTopic(error, { kafka, topic, operation, replicationFactor: settings.replicationFactor })
  if (described.error !== null)
    throw refused(Object.assign(new Error(described.error), { type: described.error }), 'Describe')
  const configNames = configEntries.map(({ name }) => name)
  try {
    const asked = { includeSynonyms: false, resources: [{ type: topicResource, name: topic, configNames }] }
    const { resources } = await client.asAdmin(admin => admin.describeConfigs(asked))
    const entries = resources.flatMap(one => one.configEntries)
    const value = new Map(entries.map(one => [one.configName, one.configValue]))
    return { partitions: described.partitions, settings: value }
  } catch (error) {
    throw refused(error, 'DescribeConfigs')
  }
}
