import type { Clock } from '@cf-audit-drain/pipeline'
import { agreedCheckpoint } from './agreed-checkpoint.ts'
import { connectionFault } from './connection-fault.ts'
import { refuseHalfMigrated } from './half-migrated.ts'
import { KafkaClient } from './kafka-client.ts'
import { type Delivery, type KafkaOptions, kafkaDefaults } from './kafka-options.ts'
import type { Cluster } from './kafkajs-internals.ts'
import { lookAtCheckpoints } from './look-at-checkpoints.ts'
import { planTopics, wantedTopics } from './manage-topics.ts'
import { missingRights, TransactionsRefusedError } from './missing-rights.ts'
import { Names } from './names.ts'
import { describeTopics } from './own-requests.ts'
import { readState } from './read-state.ts'
import { lackingRights, type Right } from './refused.ts'
import { resumableCheckpoint } from './resumable-checkpoint.ts'
import { makingRights, pollerRights, sinkRights, topicsRights } from './rights.ts'
import { shortRetention } from './short-retention.ts'
import { type TopicSettings, tooManyPartitions, topicsMissing } from './topics.ts'
import { transactionsRefused } from './transactions-refused.ts'
import { unknownPlaces } from './unknown-places.ts'

/** What was found of a log on Kafka, in sentences. `note`: could not be looked at, or is worth knowing. */
export type KafkaFinding =
  | { readonly verdict: 'ok' | 'WARN' | 'note'; readonly text: string }
  | { readonly verdict: 'FAIL'; readonly error: Error }

export interface KafkaCheck {
  readonly kafka: KafkaOptions
  /** Those of the configuration, whether this process polls them or not. */
  readonly foundations: readonly string[]
  /** Whether this login is to poll them. */
  readonly polls: boolean
  /** The sinks this login is to deliver to. */
  readonly sinks: readonly string[]
  /** Whether it is to make and change the topics beforehand, as `topics apply` does. */
  readonly managesTopics?: boolean
  readonly topics: TopicSettings
}

/** Tries everything that `start` would need of the brokers, and tells each fault by itself. Changes nothing. */
export async function checkKafkaLog(check: KafkaCheck, clock: Clock): Promise<readonly KafkaFinding[]> {
  const fault = await connectionFault(check.kafka)
  if (fault !== null) return [failed(fault)]
  const client = new KafkaClient(check.kafka, clock)
  const names = new Names(check.kafka.prefix ?? kafkaDefaults.prefix)
  try {
    const cluster = await client.newCluster({ isQuiet: true })
    try {
      await cluster.refreshMetadata()
      return await findings(check, { client, cluster, names, clock })
    } finally {
      cluster.disconnect().catch(() => undefined)
    }
  } catch (error) {
    return [failed(error as Error)]
  } finally {
    await client.close()
  }
}

interface Door {
  readonly client: KafkaClient
  readonly cluster: Cluster
  readonly names: Names
  readonly clock: Clock
}

async function findings(check: KafkaCheck, door: Door): Promise<readonly KafkaFinding[]> {
  const { names, cluster } = door
  const delivery = check.kafka.delivery ?? kafkaDefaults.delivery
  const { kafka, foundations, topics: settings } = check
  const wanted = [...wantedTopics({ kafka, foundations, settings }).values()]
  const broker = await cluster.findControllerBroker()
  const { nodeIds, topics } = await describeTopics(
    broker,
    wanted.map(({ topic }) => topic),
  )
  const missing = wanted.filter(({ topic }) =>
    topics.some(one => one.topic === topic && one.error === 'UNKNOWN_TOPIC_OR_PARTITION'),
  )
  const absent = new Set(missing.map(({ topic }) => topic))
  const ofTopics = check.managesTopics ? topicsRights(topics.map(({ topic }) => topic)) : []
  // Whether they are there the brokers do not say.
  const hidden = topics.filter(({ error }) => error === 'TOPIC_AUTHORIZATION_FAILED')
  const toMake = [...absent, ...hidden.map(({ topic }) => topic)]
  const ofMaking = check.polls && check.kafka.createTopics ? makingRights(toMake) : []
  const found: KafkaFinding[] = [...(await rightsFindings(check, [...ofTopics, ...ofMaking], door))]
  const wide = topics.filter(({ partitions }) => partitions.length > 1).map(({ topic }) => topic)
  if (missing.length > 0 && !check.kafka.createTopics) found.push(failed(topicsMissing(missing)))
  if (wide.length > 0) found.push(failed(tooManyPartitions(wide)))
  const tooShort = check.polls || check.managesTopics ? shortRetention(check.topics) : null
  if (tooShort !== null) found.push({ verdict: 'WARN', text: tooShort })
  // Poller and sink do not need that right: without it there is nothing to tell.
  const showsSettings = topics.every(({ allowed }) => allowed.has('DescribeConfigs'))
  if (missing.length === 0 && wide.length === 0 && showsSettings)
    found.push(...(await settingsFindings(check, door)))
  if (found.some(({ verdict }) => verdict === 'FAIL')) return found
  const seen = new Set(topics.filter(one => one.error === null).map(({ topic }) => topic))
  const isKnown = (topic: string) => seen.has(topic) || absent.has(topic)
  for (const foundation of check.polls ? check.foundations : [])
    if (isKnown(names.events(foundation)) && isKnown(names.state(foundation)))
      found.push(...(await checkpointFindings(foundation, delivery, seen, door)))
  if (!check.polls && check.sinks.length > 0)
    for (const foundation of check.foundations)
      if (seen.has(names.state(foundation))) found.push(...(await migrationFindings(foundation, door)))
  if (found.some(({ verdict }) => verdict === 'FAIL')) return found
  found.push(...(await placeFindings(check, door)))
  const made = missing.length > 0 ? `, topics to be made at the first start: ${[...absent].join(', ')}` : ''
  const brokers = `${nodeIds.length} ${nodeIds.length === 1 ? 'broker' : 'brokers'}`
  return [{ verdict: 'ok', text: `${brokers}, delivery ${delivery}${made}` }, ...found]
}

async function rightsFindings(
  { kafka, foundations, polls, sinks }: KafkaCheck,
  more: readonly Right[],
  { cluster, names, clock }: Door,
): Promise<readonly KafkaFinding[]> {
  const rights: Right[] = [
    ...(polls
      ? foundations.flatMap(one => pollerRights(names, one, kafka.delivery ?? kafkaDefaults.delivery))
      : []),
    ...sinks.flatMap(sink => sinkRights(names, sink, foundations)),
    ...more,
  ]
  const unique = [...new Map(rights.map(one => [JSON.stringify(one), one])).values()]
  try {
    const missing = await missingRights(cluster, unique, clock)
    return missing.length === 0 ? [] : [failed(lackingRights(missing, kafka))]
  } catch (error) {
    if (error instanceof TransactionsRefusedError) return [failed(transactionsRefused(error))]
    return [{ verdict: 'note', text: `rights could not be looked at: ${(error as Error).message}` }]
  }
}

/** What `topics plan` would show, with a word of its own for what would hold up large events. */
async function settingsFindings(
  { kafka, foundations, topics }: KafkaCheck,
  { clock }: Door,
): Promise<readonly KafkaFinding[]> {
  try {
    const changes = await planTopics({ kafka, foundations, settings: topics }, clock)
    const small = changes.filter(one => 'key' in one && one.key === 'max.message.bytes')
    const harmful = changes.flatMap(one =>
      'harm' in one && one.harm !== null ? [{ ...one, harm: one.harm }] : [],
    )
    const others = changes.length - small.length - harmful.length
    return [
      ...harmful.map(
        ({ topic, text, harm, kind }): KafkaFinding => ({
          verdict: 'WARN',
          text: `${topic} has another clean-up than it needs (${text}): ${harm}; do: cf-audit-drain topics apply${
            kind === 'lower' ? ` --allow-lower ${topic}` : ''
          }`,
        }),
      ),
      ...small.map(
        ({ topic, text }): KafkaFinding => ({
          verdict: 'WARN',
          text: `${topic} takes no large events (${text}): one with a manifest of some megabytes would not get through; do: cf-audit-drain topics apply`,
        }),
      ),
      ...(others === 0
        ? []
        : [
            {
              verdict: 'WARN' as const,
              text: `the topics differ from the configuration in ${others === 1 ? 'one place' : `${others} places`}: cf-audit-drain topics plan shows them`,
            },
          ]),
    ]
  } catch (error) {
    const text = `the settings of the topics could not be looked at: ${(error as Error).message}`
    return [{ verdict: 'note', text }]
  }
}

async function checkpointFindings(
  foundation: string,
  delivery: Delivery,
  seen: ReadonlySet<string>,
  door: Door,
): Promise<readonly KafkaFinding[]> {
  const found: KafkaFinding[] = []
  try {
    const { found: checkpoints, isMoving } = await lookAtCheckpoints(foundation, seen, door)
    refuseHalfMigrated(foundation, checkpoints.state)
    if (isMoving) return []
    const agree = delivery === 'at-least-once' ? resumableCheckpoint : agreedCheckpoint
    agree(foundation, checkpoints, text => found.push({ verdict: 'WARN', text }))
    return found
  } catch (error) {
    return [failed(error as Error)]
  }
}

/** What stops a sink, too. */
async function migrationFindings(
  foundation: string,
  { client, names }: Door,
): Promise<readonly KafkaFinding[]> {
  try {
    const state = await readState(await client.reader(), names.state(foundation), 'committed')
    refuseHalfMigrated(foundation, state)
    return []
  } catch (error) {
    return [failed(error as Error)]
  }
}

/** A new sink has no place either, and nothing tells it from one that was forgotten. */
async function placeFindings({ sinks }: KafkaCheck, door: Door): Promise<readonly KafkaFinding[]> {
  try {
    return (await unknownPlaces(sinks, door)).map(text => ({ verdict: 'note', text }))
  } catch (error) {
    const text = `the places of the sinks could not be looked at: ${(error as Error).message}`
    return [{ verdict: 'note', text }]
  }
}

function failed(error: Error): KafkaFinding {
  return { verdict: 'FAIL', error }
}
