import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { Admin } from 'kafkajs'
import { checkKafkaLog } from './check-kafka-log.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { applyTopics, planTopics } from './manage-topics.ts'
import { topicResource } from './own-requests.ts'
import { messageBytesMax, type TopicSettings } from './topics.ts'

const none: ReadonlySet<string> = new Set()

describe('the topics of a real broker', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  let admin: Admin
  let prefixes = 0

  before(async () => {
    kafka = await shareKafka()
    admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
  })
  after(async () => {
    await admin?.disconnect()
    await kafka?.stop()
  })

  const fresh = () => {
    const prefix = `topics-${process.pid}-${++prefixes}`
    const options = (settings: Partial<TopicSettings> = {}) => ({
      kafka: { brokers: kafka.brokers, prefix },
      foundations: ['eu', 'us'],
      settings: { replicationFactor: 1, minInsyncReplicas: 1, ...settings },
    })
    const setting = async (topic: string, name: string) => {
      const asked = { type: topicResource, name: topic, configNames: [name] }
      const { resources } = await admin.describeConfigs({ resources: [asked], includeSynonyms: false })
      return resources[0]?.configEntries[0]?.configValue
    }
    return { prefix, events: `${prefix}.events.eu`, options, setting }
  }
  const lines = (changes: readonly { readonly kind: string; readonly text: string }[]) =>
    changes.map(({ kind, text }) => `${kind}: ${text}`)

  test('are planned without being made, made by apply with every setting, and the second apply does nothing', async () => {
    const { prefix, events, options, setting } = fresh()
    assert.equal((await planTopics(options(), systemClock)).length, 7)
    assert.equal((await planTopics(options(), systemClock)).length, 7, 'planning makes none')
    const ours = async () => (await admin.listTopics()).filter(topic => topic.startsWith(prefix)).toSorted()
    assert.deepEqual(await ours(), [])
    const { done, left } = await applyTopics(options(), none, systemClock)
    assert.deepEqual([done.length, left], [7, []])
    assert.deepEqual(await ours(), [
      `${prefix}.dead-letters`,
      events,
      `${prefix}.events.us`,
      `${prefix}.ledger.eu`,
      `${prefix}.ledger.us`,
      `${prefix}.state.eu`,
      `${prefix}.state.us`,
    ])
    assert.equal(await setting(events, 'retention.ms'), '-1')
    for (const topic of [`${prefix}.state.eu`, `${prefix}.ledger.eu`])
      assert.equal(await setting(topic, 'cleanup.policy'), 'compact')
    assert.deepEqual(await planTopics(options(), systemClock), [])
    assert.deepEqual(await applyTopics(options(), none, systemClock), { done: [], left: [] })
  })

  test('are raised by apply, which leaves a setting of somebody else alone', async () => {
    const { events, options, setting } = fresh()
    await applyTopics(options({ retentionMs: 86_400_000 }), none, systemClock)
    const configEntries = [
      { name: 'retention.ms', value: '86400000' },
      { name: 'max.message.bytes', value: '1000000' },
      { name: 'segment.bytes', value: '33554432' },
    ]
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: topicResource, name: events, configEntries }],
    })
    const { done, left } = await applyTopics(options(), none, systemClock)
    assert.ok(lines(done).includes('raise: retention.ms 86400000 -> -1'), lines(done).join())
    assert.ok(
      lines(done).includes(`raise: max.message.bytes 1000000 -> ${messageBytesMax}`),
      lines(done).join(),
    )
    assert.deepEqual(left, [])
    assert.equal(await setting(events, 'segment.bytes'), '33554432')
    assert.deepEqual(await planTopics(options(), systemClock), [])
  })

  test('are lowered only for the topic that the operator names', async () => {
    const { events, options, setting } = fresh()
    await applyTopics(options(), none, systemClock)
    const shorter = options({ retentionMs: 86_400_000 })
    const first = await applyTopics(shorter, none, systemClock)
    assert.deepEqual(first.done, [])
    assert.deepEqual(lines(first.left), [
      'lower: retention.ms -1 -> 86400000',
      'lower: retention.ms -1 -> 86400000',
    ])
    assert.equal(await setting(events, 'retention.ms'), '-1')
    const second = await applyTopics(shorter, new Set([events]), systemClock)
    assert.deepEqual([second.done.length, second.left.length], [1, 1])
    assert.equal(await setting(events, 'retention.ms'), '86400000')
    assert.equal(await setting(events.replace('.eu', '.us'), 'retention.ms'), '-1')
  })

  test('that have two partitions, or too few replicas, are shown and left as they are', async () => {
    const { events, options } = fresh()
    await admin.createTopics({ topics: [{ topic: events, numPartitions: 2 }], waitForLeaders: true })
    const { left } = await applyTopics(options(), none, systemClock)
    assert.deepEqual(lines(left), ['by hand: partitions 2 -> 1'])
    const wanted = await planTopics(options({ replicationFactor: 2 }), systemClock)
    assert.ok(lines(wanted).includes('by hand: replication.factor 1 -> 2'), lines(wanted).join())
  })

  test('that have fewer replicas than a publish is to wait for are left publishing', async () => {
    const { events, options, setting } = fresh()
    await applyTopics(options(), none, systemClock)
    const safer = options({ replicationFactor: 3, minInsyncReplicas: 2 })
    const { done, left } = await applyTopics(safer, none, systemClock)
    assert.deepEqual([done, await setting(events, 'min.insync.replicas')], [[], '1'])
    const own = left.filter(({ topic }) => topic === events)
    assert.deepEqual(lines(own), [
      'by hand: replication.factor 1 -> 3',
      'by hand: min.insync.replicas 1 -> 2',
    ])
    assert.doesNotMatch(JSON.stringify(left), /--add-config/)
  })

  test('that have another clean-up than they need are told by plan and by check in the same words', async () => {
    const { prefix, events, options } = fresh()
    await applyTopics(options(), none, systemClock)
    const others = `${prefix}.events.us`
    const policies = { [events]: 'compact,delete', [`${prefix}.state.eu`]: 'delete', [others]: 'compact' }
    await admin.alterConfigs({
      validateOnly: false,
      resources: Object.entries(policies).map(([name, value]) => ({
        type: topicResource,
        name,
        configEntries: [
          { name: 'cleanup.policy', value },
          { name: 'retention.ms', value: name === others ? '86400000' : '-1' },
        ],
      })),
    })
    const planned = (await planTopics(options(), systemClock)).filter(
      change => 'harm' in change && change.harm !== null,
    )
    assert.deepEqual(
      planned.map(({ kind, topic, text }) => [kind, topic, text]),
      [
        ['raise', events, 'cleanup.policy compact,delete -> delete'],
        ['raise', `${prefix}.state.eu`, 'cleanup.policy delete -> compact'],
        ['lower', others, 'cleanup.policy compact -> delete'],
      ],
    )
    const { kafka: ofKafka, foundations, settings: topics } = options()
    const check = () =>
      checkKafkaLog({ kafka: ofKafka, foundations, polls: true, sinks: [], topics }, systemClock)
    const warnings = async () => (await check()).flatMap(one => (one.verdict === 'WARN' ? [one.text] : []))
    const told = await warnings()
    for (const change of planned) {
      const harm = 'harm' in change ? change.harm : null
      const own = told.filter(text => text.startsWith(`${change.topic} has another clean-up`))
      assert.equal(own.length, 1, told.join('\n'))
      const lowers = change.kind === 'lower' ? ` --allow-lower ${change.topic}` : ''
      const sentence = `(${change.text}): ${harm}; do: cf-audit-drain topics apply${lowers}`
      assert.ok(own[0]?.endsWith(sentence), told.join())
    }
    await applyTopics(options(), new Set([others]), systemClock)
    assert.deepEqual(
      (await warnings()).filter(text => text.includes('clean-up')),
      [],
    )
  })

  test('that cannot be made say why', async () => {
    const { options } = fresh()
    await assert.rejects(applyTopics(options({ replicationFactor: 9 }), none, systemClock), {
      name: 'KafkaStateError',
      message: /fewer than 9 brokers for the topic .*log\.kafka\.replicationFactor/,
    })
  })
})
