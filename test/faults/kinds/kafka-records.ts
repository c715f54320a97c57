import { ForeignTransaction, someEvent, underGuid, writeForeign } from '../kafka/foreign-producer.ts'
import { burst, untilPublish, untilPublishing } from '../kafka/moments.ts'
import { readKafkaLog } from '../kafka/read-kafka-log.ts'
import type { Kind } from '../kind.ts'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

const guidOf = (scene: Scene): string => {
  const hex = (digits: number) =>
    scene
      .between(0, 16 ** digits - 1)
      .toString(16)
      .padStart(digits, '0')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(6)}${hex(6)}`
}

/**
 * Two transactions of others, one in the other, around publishes of ours, all aborted; now and then one of ours is cut
 * off, too, by a kill. A reader that filters aborted records wrongly shows one of them.
 */
async function abortedTransactions(scene: Scene): Promise<void> {
  const { kafka } = scene
  const { brokers } = kafka.cluster
  const topic = kafka.events()
  await untilPublishing(scene, 'at first')
  const event = await someEvent(brokers, topic)
  const rounds = scene.isQuick ? 1 : 5
  for (let round = 0; round < rounds; round++) {
    const open = ['outer', 'inner'].map(name => {
      const key = guidOf(scene)
      const id = `${kafka.prefix}-foreign-${round}-${name}`
      return {
        value: underGuid(event, key),
        transaction: new ForeignTransaction(brokers, { topic, id, key }),
      }
    })
    for (const { value, transaction } of open) {
      const before = await kafka.admin.endsOf(topic)
      for (let left = scene.between(1, 4); left > 0; left--) transaction.write(value)
      await until(
        'the foreign records are there',
        async () => isOpen(before, await kafka.admin.endsOf(topic)),
        longestRetryMs,
      )
      await burst(scene, scene.between(10, 200))
      await scene.lasts(scene.between(500, 1_500))
    }
    if (scene.random() < 0.4) {
      await untilPublish(scene, 'before the send')
      await kafka.kill(kafka.poller)
      kafka.startAgain(kafka.poller)
    }
    for (const { transaction } of scene.random() < 0.7 ? open.toReversed() : open) await transaction.abort()
    await untilPublishing(scene, 'after the transactions were aborted')
  }
  scene.notes.push(`${2 * rounds} aborted by others`)
}

function isOpen(
  before: { readonly all: bigint },
  now: { readonly all: bigint; readonly committed: bigint },
): boolean {
  return now.all > before.all && now.all > now.committed
}

/** What a foreign producer may write: no Avro at all, an event cut short, an event of a schema that nobody knows. */
async function poison(scene: Scene): Promise<void> {
  const { kafka, allowances } = scene
  const { brokers } = kafka.cluster
  const topic = kafka.events()
  await untilPublishing(scene, 'at first')
  const { value } = await someEvent(brokers, topic)
  const unknownSchema = Buffer.from(value)
  unknownSchema.fill(0xee, 2, 10)
  const all = [
    Buffer.from('{"no":"Avro"}'),
    value.subarray(0, scene.between(3, value.length - 1)),
    unknownSchema,
  ]
  for (let round = 0; round < (scene.isQuick ? 1 : 4); round++)
    for (const [at, bytes] of all.entries()) {
      await writeForeign(brokers, topic, `poison-${round}-${at}`, bytes)
      allowances.poisoned++
      await burst(scene, scene.between(1, 100))
      await scene.lasts(scene.between(0, 1_500))
    }
  await untilPublishing(scene, 'behind the poison')
  scene.notes.push(`${allowances.poisoned} records of poison`)
}

/** The sink is away until the brokers have removed what it has not had. */
async function retentionOvertakes(scene: Scene): Promise<void> {
  const { kafka, allowances, receiver } = scene
  const topic = kafka.events()
  await untilPublishing(scene, 'at first')
  await receiver.order({ do: 'refuse' })
  await burst(scene, scene.between(500, 2_000))
  // Of a sink that was never registered nothing is kept, and nothing is lost.
  const isRegistered = async () =>
    (await kafka.admin.committedOffset(`${kafka.prefix}.sink.siem`, topic)) !== null
  await until('the sink is registered', isRegistered, longestRetryMs, 100)
  await scene.lasts(scene.between(0, 1_500))
  await kafka.kill(kafka.sink)
  await scene.traffic.stop()
  await until(
    'everything is in the log',
    async () => (await kafka.poller.status())?.foundations[0]?.caughtUp === true,
    longestRetryMs,
    100,
  )
  await scene.lasts(3_000)
  allowances.removed = (await readKafkaLog(kafka.cluster.brokers, kafka.prefix, ['eu1'])).events
  await kafka.admin.setTopicConfig(topic, { 'retention.ms': '500' })
  const isEmpty = async () =>
    (await readKafkaLog(kafka.cluster.brokers, kafka.prefix, ['eu1'])).events.length === 0
  await until('retention has removed it', isEmpty, longestRetryMs, 300)
  await kafka.admin.setTopicConfig(topic, { 'retention.ms': '-1' })
  await receiver.order({ do: 'take' })
  kafka.startAgain(kafka.sink)
  await burst(scene, scene.between(500, 2_000))
  const alarmed = () =>
    kafka.lines([kafka.sink]).some(({ msg }) => String(msg).startsWith('LOST for this sink'))
  await until('the sink says what it has lost', alarmed, longestRetryMs, 200)
  scene.notes.push(`${allowances.removed.length} events removed`)
}

/** One of two foundations loses its topic of events. That is loud, and the other one goes on. */
async function topicDeleted(scene: Scene): Promise<void> {
  const { kafka, allowances } = scene
  await untilPublishing(scene, 'at first')
  await untilPublish(scene, scene.pick('before the send', 'after the commit'))
  allowances.ignored.add('us1')
  await kafka.admin.deleteTopics([kafka.events('us1')])
  await burst(scene, scene.between(100, 500))
  await scene.lasts(scene.isQuick ? 3_000 : 10_000)
  await untilPublishing(scene, 'of the other foundation')
  const loud = (line: Record<string, unknown>) =>
    /us1/.test(JSON.stringify(line)) && ['warn', 'error', 'fatal'].includes(String(line['level']))
  await until('the loss of the topic is told', () => kafka.lines().some(loud), longestRetryMs, 200)
  await burst(scene, scene.between(100, 500))
}

export const kafkaRecords: readonly Kind[] = [
  {
    name: 'kafka-aborted',
    title: 'Kafka: aborted transactions of other producers, one within the other, around ours',
    kafka: 'harmless',
    play: abortedTransactions,
  },
  {
    name: 'kafka-poison',
    title: 'Kafka: records of others that are no events (no Avro, cut short, unknown schema)',
    kafka: 'harmless',
    play: poison,
  },
  {
    name: 'kafka-retention',
    title: 'Kafka: retention overtakes a sink (what it removed is told of, and not counted as lost)',
    kafka: 'harmless',
    play: retentionOvertakes,
  },
  {
    name: 'kafka-topic-deleted',
    title: 'Kafka: topic of one of two foundations deleted (the other one is compared)',
    kafka: 'harmless',
    options: () => ({
      foundations: [
        { name: 'eu1', pollInterval: '1s' },
        { name: 'us1', pollInterval: '1s' },
      ],
    }),
    play: topicDeleted,
  },
]
