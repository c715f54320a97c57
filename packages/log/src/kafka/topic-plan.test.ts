import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Names } from './names.ts'
import { type FoundTopic, planTopic, type TopicChange } from './topic-plan.ts'
import { messageBytesMax, type TopicSettings, topicsOf } from './topics.ts'

const place = { brokers: 'kafka-1:9092', nodeIds: [1, 2, 3] }
const dayMs = 86_400_000

function wantedOf(
  kind: 'events' | 'dead-letters' | 'state' | 'ledger',
  settings: Partial<TopicSettings> = {},
) {
  const all = topicsOf(new Names('p'), 'lab', { replicationFactor: 3, minInsyncReplicas: 2, ...settings })
  const found = all.find(({ topic }) => topic.startsWith(`p.${kind}`))
  assert.ok(found)
  return found
}

/** As wanted, but for what is given. */
function foundLike(
  wanted: ReturnType<typeof wantedOf>,
  settings: Readonly<Record<string, string>> = {},
  replicas: readonly number[] = [1, 2, 3],
): FoundTopic {
  const all = new Map((wanted.configEntries ?? []).map(({ name, value }) => [name, value]))
  for (const [key, value] of Object.entries(settings)) all.set(key, value)
  return { partitions: [{ replicas, inSync: replicas }], settings: all }
}

const changed = (
  kind: Parameters<typeof wantedOf>[0],
  is: Readonly<Record<string, string>>,
  settings: Partial<TopicSettings> = {},
  replicas?: readonly number[],
): TopicChange | undefined => {
  const wanted = wantedOf(kind, settings)
  const [change, ...others] = planTopic(wanted, foundLike(wanted, is, replicas), place)
  assert.deepEqual(others, [])
  return change
}

test('a topic as it is wanted differs in nothing, and one with a larger message limit neither', () => {
  for (const kind of ['events', 'dead-letters', 'state'] as const) assert.equal(changed(kind, {}), undefined)
  assert.equal(changed('events', { 'max.message.bytes': '99999999' }), undefined)
})

test('a topic that is not there is made with one partition and everything that is wanted', () => {
  const [change] = planTopic(wantedOf('events', { retentionMs: dayMs }), null, place)
  assert.equal(change?.kind, 'make')
  assert.equal(
    change.text,
    `partitions=1 replication.factor=3 cleanup.policy=delete retention.ms=86400000 retention.bytes=-1 max.message.bytes=${messageBytesMax} min.insync.replicas=2`,
  )
})

test('what keeps more, or makes safer, is a raise', () => {
  for (const [is, settings] of [
    [{ 'retention.ms': '604800000' }, {}],
    [{ 'retention.ms': '1' }, { retentionMs: dayMs }],
    [{ 'retention.bytes': '1000000' }, {}],
    [{ 'min.insync.replicas': '1' }, {}],
    [{ 'max.message.bytes': '1048588' }, {}],
  ] as const)
    assert.equal(changed('events', is, settings)?.kind, 'raise', JSON.stringify(is))
})

test('what takes something away is a lower, with its reason and the command', () => {
  const shorter = changed('events', {}, {})
  assert.equal(shorter, undefined)
  for (const [kind, is, settings, because] of [
    ['events', { 'retention.ms': '-1' }, { retentionMs: dayMs }, /would delete events/],
    ['events', { 'retention.ms': String(2 * dayMs) }, { retentionMs: dayMs }, /would delete events/],
    ['events', { 'min.insync.replicas': '3' }, {}, /fewer copies/],
    ['events', { 'cleanup.policy': 'compact' }, { retentionMs: dayMs }, /would remove by age/],
  ] as const) {
    const change = changed(kind, is, settings)
    assert.equal(change?.kind, 'lower', JSON.stringify(is))
    assert.match(change.because, because)
    assert.equal(
      change.command,
      `kafka-configs --bootstrap-server kafka-1:9092 --alter --entity-type topics --entity-name ${change.topic} --add-config ${change.key}=${change.value}`,
    )
  }
})

test('another clean-up is told with what it does, and put right where that takes nothing away', () => {
  const forgets = /drop records without a value/
  const never = /remove nothing by age or size, whatever the retention says/
  for (const [kind, policy, settings, harm] of [
    ['events', 'compact', {}, never],
    ['events', 'compact', {}, forgets],
    ['events', 'compact,delete', {}, forgets],
    ['events', 'delete,compact', { retentionMs: dayMs }, forgets],
    ['state', 'delete', {}, /remove by age what has to stay/],
    ['state', 'compact,delete', {}, /remove by age what has to stay/],
    ['ledger', 'delete', {}, /remove by age what has to stay/],
    ['state', '', {}, /grows for ever/],
  ] as const) {
    const change = changed(kind, { 'cleanup.policy': policy }, settings)
    assert.equal(change?.kind, 'raise', `${kind} ${policy}`)
    assert.match(change.harm ?? '', harm)
  }
  const aged = changed('events', { 'cleanup.policy': 'compact,delete' })
  assert.doesNotMatch(aged !== undefined && 'harm' in aged ? (aged.harm ?? '') : '', never)
  const shorter = changed('events', { 'retention.ms': String(2 * dayMs) }, { retentionMs: dayMs })
  assert.equal(shorter !== undefined && 'harm' in shorter ? shorter.harm : '', null)
})

/** The change of `min.insync.replicas` of a topic that waits for one copy now, so of two that are wanted. */
function waitsForMore(replicas: readonly number[], inSync: readonly number[]) {
  const wanted = wantedOf('events')
  const { settings } = foundLike(wanted, { 'min.insync.replicas': '1' })
  const changes = planTopic(wanted, { partitions: [{ replicas, inSync }], settings }, place)
  const change = changes.find(({ text }) => text === 'min.insync.replicas 1 -> 2')
  assert.equal(change?.kind, 'by hand')
  assert.doesNotMatch(change.command, /kafka-configs|--add-config/, 'no command that stops every publish')
  return change
}

test('more copies to wait for than there are is left to the operator, with what comes first', () => {
  const { because, command } = waitsForMore([1], [1])
  assert.equal(because, 'the topic has 1 replica, and every publish would be refused')
  assert.match(
    command,
    /^first give it more replicas with kafka-reassign-partitions \(as replication\.factor says\), then cf-audit-drain topics apply; or set log\.kafka\.topics\.minInsyncReplicas: 1$/,
  )
})

test('more copies to wait for than are in sync is done once they are', () => {
  for (const [inSync, has] of [
    [[1], '1 of 3 replicas'],
    [[], '0 of 3 replicas'],
  ] as const) {
    const { because, command } = waitsForMore([1, 2, 3], inSync)
    assert.equal(because, `the topic has ${has} in sync now, and every publish would be refused`)
    assert.equal(
      command,
      'wait until its replicas are in sync (kafka-topics --bootstrap-server kafka-1:9092 --describe --topic p.events.lab shows them as Isr), then cf-audit-drain topics apply',
    )
  }
})

test('partitions and replicas are changed by hand, with the very command', () => {
  const wanted = wantedOf('events')
  const one = { replicas: [1, 2, 3], inSync: [1, 2, 3] }
  const wide = planTopic(wanted, { ...foundLike(wanted), partitions: [one, one] }, place)[0]
  assert.equal(wide?.kind, 'by hand')
  assert.equal(wide.text, 'partitions 2 -> 1')
  assert.match(
    wide.command,
    /^kafka-topics --bootstrap-server kafka-1:9092 --delete --topic p\.events\.lab && /,
  )

  const few = changed('events', {}, { minInsyncReplicas: 1 }, [2])
  assert.equal(few?.kind, 'by hand')
  assert.match(few.command, /"partition":0,"replicas":\[2,1,3\].*kafka-reassign-partitions .* --execute$/)
  const many = changed('events', {}, { replicationFactor: 1, minInsyncReplicas: 1 }, [2, 1])
  assert.equal(many?.kind, 'by hand')
  assert.match(many.because, /less safe/)
  assert.match(many.command, /"replicas":\[2\]/)
  const tooMany = changed('events', {}, { replicationFactor: 5, minInsyncReplicas: 1 })
  assert.equal(tooMany?.kind, 'by hand')
  assert.match(tooMany.because, /cluster has 3 brokers$/)
})
