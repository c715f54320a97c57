import type { Admin } from 'kafkajs'
import { committedOffsets } from './committed-offsets.ts'
import { KafkaStateError } from './kafka-error.ts'
import { ConfigResourceTypes } from './kafkajs-door.ts'
import { makeTopics } from './make-topics.ts'
import type { TargetDoor } from './migration-target.ts'
import { missingTopics, topicsMissing, topicsOf } from './topics.ts'

interface Coming {
  readonly foundation: string
  readonly oldestReceivedAtMs: number | null
}

/**
 * The topics that are missing, by name; they are made when `make` says so.
 * @throws KafkaStateError when they may not be made, or those that are there would not keep what is to come
 */
export async function fitTopics(
  coming: readonly Coming[],
  door: TargetDoor,
  make: boolean,
): Promise<readonly string[]> {
  const { client, names, settings, kafka, clock } = door
  const { createTopics } = settings
  const wanted = coming.flatMap(({ foundation }) =>
    topicsOf(names, foundation, createTopics ?? { replicationFactor: 1 }),
  )
  const missing = missingTopics(await client.topicNames(), wanted)
  if (missing.length > 0 && createTopics === null) throw topicsMissing(missing)
  const missed = new Set(missing.map(({ topic }) => topic))
  const there = [...new Set(wanted.map(({ topic }) => topic))].filter(topic => !missed.has(topic))
  const faults = await client.asAdmin(async admin => [
    ...(await wideTopics(admin, there)),
    ...(await shortTopics(admin, coming, there, door)),
  ])
  if (faults.length > 0) throw new KafkaStateError(faults.join('; '))
  if (make) await makeTopics(client, missing, kafka, clock)
  return [...missed]
}

async function wideTopics(admin: Admin, there: readonly string[]): Promise<readonly string[]> {
  // Asked for none, kafkajs answers with all.
  if (there.length === 0) return []
  const { topics } = await admin.fetchTopicMetadata({ topics: [...there] })
  return topics
    .filter(({ partitions }) => partitions.length !== 1)
    .map(
      ({ name }) =>
        `${name}: more than one partition, so there is no one order; make the topic anew with one`,
    )
}

/** The events come with the times at which they were received, and the brokers count from those. */
async function shortTopics(
  admin: Admin,
  coming: readonly Coming[],
  there: readonly string[],
  { names, clock }: TargetDoor,
): Promise<readonly string[]> {
  const topics = coming.filter(({ foundation }) => there.includes(names.events(foundation)))
  if (topics.length === 0) return []
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map(({ foundation }) => ({
      type: ConfigResourceTypes.TOPIC,
      name: names.events(foundation),
      configNames: ['retention.ms', 'cleanup.policy', 'message.timestamp.type'],
    })),
  })
  return topics.flatMap(({ foundation, oldestReceivedAtMs }) => {
    const topic = names.events(foundation)
    const configured = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? []
    const setting = (name: string) =>
      configured.find(({ configName }) => configName === name)?.configValue ?? ''
    const keptMs = Number(setting('retention.ms') || -1)
    const ageMs = oldestReceivedAtMs === null ? 0 : clock.now() - oldestReceivedAtMs
    return [
      ...(setting('cleanup.policy').includes('compact')
        ? [
            `${topic}: cleanup.policy is ${setting('cleanup.policy')}, and every event has to stay; set it to delete`,
          ]
        : []),
      ...(setting('message.timestamp.type') === 'LogAppendTime'
        ? [
            `${topic}: message.timestamp.type is LogAppendTime; set it to CreateTime, or no event keeps its time`,
          ]
        : []),
      ...(keptMs >= 0 && ageMs > keptMs
        ? [
            `${topic}: retention.ms is ${keptMs}, and the oldest event is ${Math.ceil(ageMs / 86_400_000)} days old: ` +
              'it would be removed at once; set retention.ms to -1 until every sink has had everything',
          ]
        : []),
    ]
  })
}

/**
 * A sink that has begun here would have had everything from the beginning, and doubled it.
 * @throws KafkaStateError when one has members, or has committed a place in these topics
 */
export async function requireNoSinkBegan(
  topics: readonly string[],
  { client, names, clock }: TargetDoor,
): Promise<void> {
  const { groups } = await client.asAdmin(admin => admin.listGroups())
  const ours = groups.map(({ groupId }) => groupId).filter(id => names.sinkOf(id) !== null)
  if (ours.length === 0) return
  const { groups: described } = await client.asAdmin(admin => admin.describeGroups(ours))
  const busy = described
    .filter(({ members }) => members.length > 0)
    .map(({ groupId }) => names.sinkOf(groupId))
  if (busy.length > 0)
    throw new KafkaStateError(
      `the sink ${busy.join(', ')} is running on this Kafka: end its processes, and start them when the move is done`,
    )
  for (const group of ours) {
    const committed = await client.asAdmin(admin => committedOffsets(admin, group, topics, clock))
    if (!committed.some(({ partitions }) => Number(partitions[0]?.offset ?? -1) >= 0)) continue
    throw new KafkaStateError(
      `the sink ${names.sinkOf(group)} has begun on this Kafka already, and its place would be lost: ` +
        `delete its consumer group (kafka-consumer-groups --delete --group ${group}), and run this again`,
    )
  }
}
