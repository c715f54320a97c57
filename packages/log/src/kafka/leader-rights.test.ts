import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type GivenRight, rightsOfUser } from './acls-for-tests.ts'
import { KafkaStateError } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'

/*
 * Goal: a poller that lacks a right is told which, whether it begins or has worked with it before, and goes on once it has it.
 * Method: the election under a login of its own on a broker with an authorizer, rights given and taken.
 */
const given = process.env['KAFKA_BROKERS'] ? 'KAFKA_BROKERS is set: its rights are not ours to change' : false
const user = 'cf-audit-poller'
const onGroup: GivenRight = { resource: 'group', prefix: 'cf-audit.', operation: 'Read' }
const onTopics: readonly GivenRight[] = [
  { resource: 'topic', prefix: 'cf-audit.', operation: 'Read' },
  { resource: 'topic', prefix: 'cf-audit.', operation: 'Write' },
]

describe('a poller that stands for election on Kafka', { skip: reasonToSkipKafka() || given }, () => {
  let kafka: KafkaCluster
  let rights: Awaited<ReturnType<typeof rightsOfUser>>
  before(async () => {
    kafka = await startKafka({ secured: { users: { [user]: 'p-word' } } })
    rights = await rightsOfUser(kafka.brokers, user)
    const made = openKafkaLog(
      { brokers: kafka.brokers, createTopics: { replicationFactor: 1 } },
      { clock: systemClock },
    )
    for (const name of ['lab', 'other']) await (await made.writer(name)).close()
    await made.close()
  })
  after(async () => {
    await rights?.close()
    await kafka?.stop()
  })

  const standing = (t: TestContext, foundations: readonly string[]) => {
    const log = openKafkaLog(
      {
        brokers: kafka.secured,
        sasl: { mechanism: 'plain', username: user, password: 'p-word' },
        delivery: 'at-least-once',
        sessionTimeoutMs: 2_000,
        topicRefreshMs: 300,
      },
      { clock: systemClock },
    )
    const told: string[] = []
    const polling = new Set<string>()
    const stopping = new AbortController()
    const leading = log.lead(
      foundations,
      {
        async poll(foundation, term) {
          await (await log.writer(foundation)).close()
          polling.add(foundation)
          await new Promise(resolve => term.addEventListener('abort', resolve, { once: true }))
          polling.delete(foundation)
        },
        failed: (error, foundation) => told.push(`${foundation ?? 'all'}: ${error.message}`),
      },
      stopping.signal,
    )
    leading.catch(() => undefined)
    t.after(async () => {
      stopping.abort(new Error('enough'))
      await leading.catch(() => undefined)
      await log.close()
    })
    return { leading, told, polling }
  }

  const sentence =
    /does not allow this login .*Read on the group cf-audit\.pollers; do: kafka-acls .*--operation Read --group cf-audit\.pollers/

  test('and may not read the groups is told so before it joins, with the command', async t => {
    await rights.give(...onTopics)
    t.after(() => rights.takeAll('topic'))
    const startedMs = systemClock.monotonic()
    await assert.rejects(standing(t, ['lab']).leading, (error: unknown) => {
      assert.ok(error instanceof KafkaStateError, String(error))
      assert.match(error.message, sentence)
      return true
    })
    const ms = systemClock.monotonic() - startedMs
    assert.ok(ms < 8_000, `${ms} ms`)
  })

  test('and loses the right to the groups is told so within seconds, and goes on after the mend', async t => {
    await rights.give(...onTopics, onGroup)
    t.after(() => Promise.all([rights.takeAll('topic'), rights.takeAll('group')]))
    const { told, polling } = standing(t, ['lab'])
    await until(() => polling.has('lab'))
    await rights.takeAll('group')
    await until(() => told.some(line => sentence.test(line)), 15_000)
    await rights.give(onGroup)
    await until(() => polling.has('lab'))
  })

  test('and loses the rights to the topics is never told that there are none', async t => {
    await rights.give(...onTopics, onGroup)
    t.after(() => Promise.all([rights.takeAll('topic'), rights.takeAll('group')]))
    const { told, polling } = standing(t, ['lab', 'other'])
    await until(() => polling.size === 2)
    // The membership ends with the group, so that all is looked at again; the topics go at any moment of that.
    await rights.takeAll('group')
    await until(() => told.length > 0)
    await rights.takeAll('topic')
    await rights.give(onGroup)
    await until(() => told.some(line => /login Read and Write on the topic cf-audit\.events\.lab/.test(line)))
    assert.doesNotMatch(told.join('\n'), /Kafka has no topic/)
    await rights.give(...onTopics)
    await until(() => polling.size === 2)
    assert.doesNotMatch(told.join('\n'), /Kafka has no topic/)
  })
})

async function until(condition: () => boolean, deadlineMs = 45_000): Promise<void> {
  const startedMs = systemClock.monotonic()
  while (!condition()) {
    assert.ok(systemClock.monotonic() - startedMs < deadlineMs, `not within ${deadlineMs} ms`)
    await systemClock.sleep(20)
  }
}
