import type { ITopicConfig } from 'kafkajs'
import { cleanupPolicy } from './cleanup-policy.ts'

/** What the brokers have under the name of a topic that is wanted. */
export interface FoundTopic {
  readonly partitions: readonly {
    readonly replicas: readonly number[]
    readonly inSync: readonly number[]
  }[]
  /** Of every key that is wanted. */
  readonly settings: ReadonlyMap<string, string>
}

/** One line of a plan. `command`: what an operator types to have it done by hand. */
export type TopicChange =
  | { readonly kind: 'make'; readonly topic: string; readonly text: string; readonly wanted: ITopicConfig }
  | {
      /** `lower`: takes something away, so it is done only for a topic that the operator names. */
      readonly kind: 'raise' | 'lower'
      readonly topic: string
      readonly text: string
      readonly because: string
      /** What the topic does to what it holds as long as this is not done; null: nothing. */
      readonly harm: string | null
      readonly command: string
      readonly key: string
      readonly value: string
    }
  | {
      readonly kind: 'by hand'
      readonly topic: string
      readonly text: string
      readonly because: string
      readonly command: string
    }

interface Place {
  /** As `--bootstrap-server` takes them. */
  readonly brokers: string
  readonly nodeIds: readonly number[]
}

export function planTopic(
  wanted: ITopicConfig,
  found: FoundTopic | null,
  place: Place,
): readonly TopicChange[] {
  if (found === null) return [make(wanted)]
  const settings = (wanted.configEntries ?? []).flatMap(({ name, value }) => {
    const change = changeOf(wanted.topic, name, value, found, place)
    if (change === null) return []
    return [name === 'min.insync.replicas' ? withReplicas(change, found, place) : change]
  })
  return [...shapeChanges(wanted, found, place), ...settings]
}

function make(wanted: ITopicConfig): TopicChange {
  const settings = (wanted.configEntries ?? []).map(({ name, value }) => `${name}=${value}`)
  const text = ['partitions=1', `replication.factor=${wanted.replicationFactor}`, ...settings].join(' ')
  return { kind: 'make', topic: wanted.topic, text, wanted }
}

function shapeChanges(wanted: ITopicConfig, found: FoundTopic, place: Place): readonly TopicChange[] {
  const { topic } = wanted
  const count = found.partitions.length
  if (count !== 1)
    return [
      {
        kind: 'by hand',
        topic,
        text: `partitions ${count} -> 1`,
        because:
          'Kafka takes no partition away, and the events of one foundation need one order; deleting the topic deletes what it holds, so do it only where that is not needed, or choose another log.kafka.prefix',
        command: `kafka-topics --bootstrap-server ${place.brokers} --delete --topic ${topic} && cf-audit-drain topics apply`,
      },
    ]
  const replicas = found.partitions[0]?.replicas ?? []
  const want = wanted.replicationFactor ?? 1
  if (replicas.length === want) return []
  return [replicasChange(topic, replicas, want, place)]
}

function replicasChange(
  topic: string,
  replicas: readonly number[],
  want: number,
  { brokers, nodeIds }: Place,
): TopicChange {
  const others = nodeIds.filter(id => !replicas.includes(id))
  const target = [...replicas, ...others].slice(0, want)
  const text = `replication.factor ${replicas.length} -> ${want}`
  if (target.length < want)
    return {
      kind: 'by hand',
      topic,
      text,
      because: `the cluster has ${counted(nodeIds.length, 'broker')}`,
      command: `add brokers, or set log.kafka.replicationFactor: ${nodeIds.length}`,
    }
  const plan = { version: 1, partitions: [{ topic, partition: 0, replicas: target }] }
  return {
    kind: 'by hand',
    topic,
    text,
    because:
      want < replicas.length
        ? 'fewer copies are less safe'
        : 'moving copies loads the brokers, so it is for you to choose when',
    command: `echo '${JSON.stringify(plan)}' > plan.json && kafka-reassign-partitions --bootstrap-server ${brokers} --reassignment-json-file plan.json --execute`,
  }
}

function changeOf(
  topic: string,
  key: string,
  want: string,
  { settings }: FoundTopic,
  { brokers }: Place,
): TopicChange | null {
  const is = settings.get(key) ?? ''
  const judged = judge(key, is, want, settings)
  if (judged === null) return null
  const { loss, harm = null } = judged
  return {
    kind: loss === '' ? 'raise' : 'lower',
    topic,
    text: `${key} ${is} -> ${want}`,
    because: loss,
    harm,
    key,
    value: want,
    command: `kafka-configs --bootstrap-server ${brokers} --alter --entity-type topics --entity-name ${topic} --add-config ${key}=${want}`,
  }
}

/** `loss`: what the change would take away, '' for nothing. Null when none is needed. */
function judge(
  key: string,
  is: string,
  want: string,
  settings: FoundTopic['settings'],
): { readonly loss: string; readonly harm?: string } | null {
  if (is === want) return null
  switch (key) {
    case 'cleanup.policy': {
      const kept = ['retention.ms', 'retention.bytes'].map(name => endless(settings.get(name) ?? '0'))
      return cleanupPolicy({ is, want, keepsAll: kept.every(limit => limit === Infinity) })
    }
    case 'retention.ms':
    case 'retention.bytes':
      return {
        loss: endless(want) >= endless(is) ? '' : 'the brokers would delete events that are kept now',
      }
    case 'min.insync.replicas':
      return { loss: Number(want) > Number(is) ? '' : 'a publish would wait for fewer copies' }
    case 'max.message.bytes':
      return Number(want) > Number(is) ? { loss: '' } : null
    default:
      return { loss: 'it is not known what this changes' }
  }
}

const endless = (text: string) => (Number(text) < 0 ? Infinity : Number(text))

/** More copies to wait for than are in sync would stop every publish: what comes first is told, and not that command. */
function withReplicas(change: TopicChange, { partitions }: FoundTopic, { brokers }: Place): TopicChange {
  if (change.kind !== 'raise') return change
  const [fewest] = partitions.toSorted((one, other) => one.inSync.length - other.inSync.length)
  const [inSync, there] = [fewest?.inSync.length ?? 0, fewest?.replicas.length ?? 0]
  if (Number(change.value) <= inSync) return change
  const { topic, text } = change
  const isThere = Number(change.value) <= there
  const has = isThere ? `${inSync} of ${there} replicas in sync now` : counted(there, 'replica')
  return {
    kind: 'by hand',
    topic,
    text,
    because: `the topic has ${has}, and every publish would be refused`,
    command: isThere
      ? `wait until its replicas are in sync (kafka-topics --bootstrap-server ${brokers} --describe --topic ${topic} shows them as Isr), then cf-audit-drain topics apply`
      : `first give it more replicas with kafka-reassign-partitions (as replication.factor says), then cf-audit-drain topics apply; or set log.kafka.topics.minInsyncReplicas: ${Math.max(1, there - 1)}`,
  }
}

const counted = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`
