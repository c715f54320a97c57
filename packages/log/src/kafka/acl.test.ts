import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, startKafka, until } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { AclEntry, Admin } from 'kafkajs'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import type { DeadLetter, EventLog } from '../ports.ts'
import { aclsOf, readmeCommands } from './acl-commands-for-tests.ts'
import { checkKafkaLog, type KafkaCheck } from './check-kafka-log.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import type { KafkaOptions } from './kafka-options.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { applyTopics, planTopics } from './manage-topics.ts'

/**
 * Goal: the rights that README gives are enough, and none of them is too much. Method: what its own commands ask for, given to a broker
 * with an authorizer, whole and with one right left out, and each part of the product under its own login.
 */
const foreign = process.env['KAFKA_BROKERS']
  ? 'KAFKA_BROKERS is set: its rights are not ours to change'
  : null
const users = { 'cf-audit-poller': 'p-word', 'cf-audit-sink': 's-word', 'cf-audit-topics': 't-word' }
type User = keyof typeof users
/** In kafkajs' numbers. */
const group = 3
const parts = { poller: 'cf-audit-poller', sink: 'cf-audit-sink', topics: 'cf-audit-topics' } as const
const settings = { replicationFactor: 1, minInsyncReplicas: 1 }

describe('a login on Kafka', { skip: reasonToSkipKafka() || (foreign ?? false) }, () => {
  let kafka: KafkaCluster
  let admin: Admin
  const opened: EventLog[] = []

  before(async () => {
    kafka = await startKafka({ secured: { users } })
    admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
  })
  after(async () => {
    await admin?.disconnect()
    await kafka?.stop()
  })

  const optionsOf = (user: User): KafkaOptions => ({
    brokers: kafka.secured,
    sasl: { mechanism: 'plain', username: user, password: users[user] },
    topicRefreshMs: 300,
    sessionTimeoutMs: 1_000,
  })
  const logOf = (user: User, told: string[] = []): EventLog => {
    const observer = {
      warn: (sentence: string) => told.push(sentence),
      failed: (error: Error) => told.push(error.message),
    }
    const log = openKafkaLog(optionsOf(user), { clock: systemClock, observer })
    opened.push(log)
    return log
  }
  const checkOf = (part: keyof typeof parts, more: Partial<KafkaOptions> = {}) =>
    checkKafkaLog(
      {
        kafka: { ...optionsOf(parts[part]), ...more },
        foundations: ['lab'],
        polls: part === 'poller',
        sinks: part === 'sink' ? ['siem'] : [],
        managesTopics: part === 'topics',
        topics: settings,
      } satisfies KafkaCheck,
      systemClock,
    )
  const every = { resourceType: 1, resourcePatternType: 1, operation: 1, permissionType: 1 }
  const given = new Set<string>()
  /** The controller has them first, and the broker acts on them a moment later. */
  const inForce = () =>
    until(
      `the broker acts on ${given.size} rights`,
      async () => {
        const { resources } = await admin.describeAcls(every)
        return resources.reduce((sum, { acls }) => sum + acls.length, 0) === given.size
      },
      20_000,
    )
  const forget = async () => {
    await admin.deleteAcls({ filters: [every] })
    given.clear()
    await inForce()
  }
  const give = async (...acl: AclEntry[]) => {
    await admin.createAcls({ acl })
    for (const one of acl) given.add(JSON.stringify(Object.entries(one).sort()))
    await inForce()
  }
  /** What each user of the README may do, but for what `leaveOut` says. */
  const grant = async (leaveOut: (acl: AclEntry) => boolean = () => false) => {
    await forget()
    const all = Object.values(parts).flatMap(user => readmeCommands(user).flatMap(aclsOf))
    await give(...all.filter(acl => !leaveOut(acl)))
  }
  const fresh = async (t: test.TestContext) => {
    const topics = (await admin.listTopics()).filter(topic => topic.startsWith('cf-audit.'))
    if (topics.length > 0) await admin.deleteTopics({ topics })
    t.after(async () => {
      for (const log of opened.splice(0)) await log.close()
    })
  }
  const letter = (key: string): DeadLetter => ({
    foundation: 'lab',
    origin: 'poller',
    key,
    reason: 'test',
    raw: Buffer.from('x'),
    atMs: 1,
  })
  const makeTopics = () =>
    applyTopics(
      { kafka: optionsOf('cf-audit-topics'), foundations: ['lab'], settings },
      new Set(),
      systemClock,
    )
  const read = async (log: EventLog) => {
    const source = log.source('siem', { batchMax: 100 })
    await source.connect(AbortSignal.timeout(20_000))
    const delivery = await source.read(AbortSignal.timeout(20_000))
    await delivery?.settle()
    await source.close()
    return delivery?.batch.length
  }

  test('with the rights of README makes topics, polls, delivers and looks, each as its own user', async t => {
    await fresh(t)
    await grant()
    assert.equal((await makeTopics()).done.length, 4)
    const options = { kafka: optionsOf('cf-audit-topics'), foundations: ['lab'], settings }
    assert.deepEqual(await planTopics(options, systemClock), [])

    const told: string[] = []
    const pollerLog = logOf('cf-audit-poller', told)
    const writer = await pollerLog.writer('lab')
    await writer.publish(makeEntries(0, 5), 'five', [letter('a')])
    assert.equal((await Array.fromAsync(writer.guids(0))).length, 5)
    assert.equal((await pollerLog.tallies()).length > 0, true)

    const sinkLog = logOf('cf-audit-sink', told)
    assert.equal(await read(sinkLog), 5)
    await sinkLog.bury([{ ...letter('b'), origin: 'siem' }])
    assert.equal((await sinkLog.deadLetters(9)).length, 2)
    assert.equal((await sinkLog.positions())[0]?.lag, 0)
    assert.equal((await pollerLog.positions())[0]?.lag, 0)
    await writer.close()
    assert.equal((await (await logOf('cf-audit-poller', told).writer('lab')).checkpoint) === 'five', true)
    assert.deepEqual(told, [])

    for (const part of ['poller', 'sink', 'topics'] as const) {
      const found = await checkOf(part, { createTopics: settings })
      assert.deepEqual(found, [{ verdict: 'ok', text: '1 broker, delivery exactly-once' }], part)
    }
  })

  test('that is shown groups it may not read, as with Describe on the cluster, is told where its own sink is', async t => {
    await fresh(t)
    await grant(({ principal, resourceType }) => principal === 'User:cf-audit-sink' && resourceType === group)
    const may = { principal: 'User:cf-audit-sink', host: '*', permissionType: 3, resourcePatternType: 3 }
    await give(
      { ...may, resourceType: 4, resourceName: 'kafka-cluster', operation: 8 },
      { ...may, resourceType: group, resourceName: 'cf-audit.sink.siem', operation: 3 },
    )
    await makeTopics()
    const anybody = openKafkaLog({ brokers: kafka.brokers, sessionTimeoutMs: 1_000 }, { clock: systemClock })
    opened.push(anybody)
    const writer = await anybody.writer('lab')
    await writer.publish(makeEntries(0, 5), 'five')
    const others = anybody.source('others', { batchMax: 9 })
    await others.connect(AbortSignal.timeout(20_000))
    await (await others.read(AbortSignal.timeout(20_000)))?.settle()
    await others.close()
    const sinkLog = logOf('cf-audit-sink')
    assert.equal(await read(sinkLog), 5)
    const positions = new Map((await sinkLog.positions()).map(one => [one.sink, one]))
    assert.deepEqual([positions.get('siem')?.lag, positions.get('others')?.lag], [0, null])
    assert.match(
      positions.get('others')?.hidden?.message ?? '',
      /Read on the group cf-audit\.sink\.others; do: /,
    )
    await writer.close()
  })

  const left: readonly {
    readonly part: keyof typeof parts
    readonly type: number
    readonly operation: number
    readonly says: RegExp
  }[] = [
    {
      part: 'poller',
      type: 2,
      operation: 3,
      says: /login Read on the topic cf-audit\.events\.lab, .*--operation Read --topic cf-audit\.events\.lab/,
    },
    { part: 'poller', type: 2, operation: 4, says: /Write on the topic cf-audit\.events\.lab/ },
    {
      part: 'poller',
      type: 3,
      operation: 3,
      says: /Read on the group cf-audit\.checkpoint\.lab, .*; do: .*User:cf-audit-poller --operation Read --group cf-audit\.checkpoint\.lab/,
    },
    {
      part: 'poller',
      type: 5,
      operation: 4,
      says: /Write on the transactional-id cf-audit\.poller\.lab \(.*delivery: at-least-once.*\); do: /,
    },
    { part: 'sink', type: 2, operation: 3, says: /Read on the topic cf-audit\./ },
    { part: 'sink', type: 2, operation: 4, says: /Write on the topic cf-audit\.dead-letters; do: / },
    { part: 'sink', type: 3, operation: 3, says: /Read on the group cf-audit\.sink\.siem; do: / },
  ]
  for (const { part, type, operation, says } of left)
    test(`without right ${operation} on resources of type ${type} the ${part} names it, at once, and so does check`, async t => {
      await fresh(t)
      await grant()
      await makeTopics()
      await grant(
        acl =>
          acl.principal === `User:${parts[part]}` && acl.resourceType === type && acl.operation === operation,
      )
      const found = (await checkOf(part)).filter(one => one.verdict === 'FAIL')
      assert.equal(found.length, 1, JSON.stringify(found))
      const sentence = found[0]?.verdict === 'FAIL' ? found[0].error.message : ''
      assert.match(sentence, says)
      assert.match(
        sentence,
        /do: kafka-acls --bootstrap-server \S+ --command-config administrator\.properties --add/,
      )
      const told: string[] = []
      const log = logOf(parts[part], told)
      const run =
        part === 'poller'
          ? log.writer('lab')
          : log.source('siem', { batchMax: 9 }).connect(AbortSignal.timeout(9_000))
      await assert.rejects(run, (error: unknown) => {
        assert.ok(error instanceof KafkaStateError, String(error))
        assert.match(error.message, says)
        return true
      })
    })

  for (const operation of [5, 8, 11])
    test(`without right ${operation} on its topics, topics apply names it`, async t => {
      await fresh(t)
      await grant(acl => acl.principal === 'User:cf-audit-topics' && acl.operation === operation)
      if (operation === 11) {
        await grant()
        await makeTopics()
        await grant(acl => acl.principal === 'User:cf-audit-topics' && acl.operation === operation)
      }
      const name = { 5: 'Create', 8: 'Describe', 11: 'DescribeConfigs' }[operation]
      await assert.rejects(makeTopics(), {
        name: 'KafkaStateError',
        message: new RegExp(`does not allow this login ${name} on the topic cf-audit\\..*; do: kafka-acls`),
      })
    })

  test('that may not look at its topics is told by topics plan of all of them at once', async t => {
    await fresh(t)
    await grant()
    await makeTopics()
    const topics = ['events.lab', 'dead-letters', 'state.lab', 'ledger.lab']
    for (const [left, lacking] of [
      [[5, 8, 11], 'Describe'],
      [[11], 'DescribeConfigs'],
    ] as const) {
      await grant(acl => acl.principal === 'User:cf-audit-topics' && left.some(one => one === acl.operation))
      const all = topics.map(name => `${lacking} on the topic cf-audit.${name}`).join(', ')
      const options = { kafka: optionsOf('cf-audit-topics'), foundations: ['lab'], settings }
      await assert.rejects(planTopics(options, systemClock), {
        name: 'KafkaStateError',
        message: new RegExp(
          `does not allow this login ${all.replaceAll('.', String.raw`\.`)}; do: kafka-acls`,
        ),
      })
    }
  })

  const topicsOperations = { Create: 5, Describe: 8, AlterConfigs: 11 }
  for (const [isThere, when] of [
    [false, 'before there are topics'],
    [true, 'when they are there'],
  ] as const)
    test(`for topics is told by check of each right that it lacks, ${when}`, async t => {
      await fresh(t)
      await grant()
      if (isThere) await makeTopics()
      const asks = async (...left: readonly (keyof typeof topicsOperations)[]) => {
        const codes = left.map(name => topicsOperations[name])
        await grant(acl => acl.principal === 'User:cf-audit-topics' && codes.includes(acl.operation))
        const found = await checkOf('topics', { createTopics: settings })
        const [failure] = found.filter(one => one.verdict === 'FAIL')
        return failure?.verdict === 'FAIL' ? failure.error.message : JSON.stringify(found)
      }
      assert.match(
        await asks('Create'),
        /login Create on the topic cf-audit\.events\.lab, Create on .*; do: /,
      )
      assert.match(await asks('AlterConfigs'), /login AlterConfigs on the topic cf-audit\.events\.lab, /)
      assert.match(
        await asks('Create', 'AlterConfigs'),
        /--operation Create --operation AlterConfigs --topic cf-audit\.ledger\.lab/,
      )
      assert.match(
        await asks('Create', 'Describe', 'AlterConfigs'),
        /login Create and Describe and AlterConfigs on the topic cf-audit\.events\.lab, /,
      )
      assert.match(await asks(), /"verdict":"ok"/)
    })

  test('that is to make the topics it misses is told by check that it may not, and then that it will', async t => {
    await fresh(t)
    const isPollers = (acl: AclEntry) => acl.principal === 'User:cf-audit-poller'
    await grant()
    const [refused] = await checkOf('poller', { createTopics: settings })
    assert.equal(refused?.verdict, 'FAIL')
    const sentence = refused?.verdict === 'FAIL' ? refused.error.message : ''
    assert.match(
      sentence,
      /login Create on the topic cf-audit\.events\.lab, .*; do: .*User:cf-audit-poller --operation Create --topic/,
    )
    assert.doesNotMatch(sentence, /only where the topic is not there/)
    const all = readmeCommands(parts.poller).flatMap(aclsOf).filter(isPollers)
    const create = all.filter(acl => acl.resourceType === 2).map(acl => ({ ...acl, operation: 5 }))
    await give(...create)
    const [allowed] = await checkOf('poller', { createTopics: settings })
    assert.match(
      allowed?.verdict === 'ok' ? allowed.text : '',
      /to be made at the first start: cf-audit\.events\.lab, cf-audit\.dead-letters, cf-audit\.state\.lab, cf-audit\.ledger\.lab$/,
    )
    // Asking makes none.
    assert.deepEqual(
      (await admin.listTopics()).filter(topic => topic.startsWith('cf-audit.')),
      [],
    )
  })

  test('that may do nothing is told by check of everything at once, and lacks nothing when that is done', async t => {
    await fresh(t)
    await forget()
    const failures = async () =>
      (await checkOf('poller', { createTopics: settings })).flatMap(one =>
        one.verdict === 'FAIL' ? [one.error.message] : [],
      )
    const [refused = '', ...others] = await failures()
    assert.deepEqual(others, [])
    assert.match(
      refused,
      /login Read and Write and Create on the topic cf-audit\.events\.lab, .*\(Create only where the topic is not there yet/,
    )
    const commands = refused.slice(refused.indexOf('; do: ') + 6).split(' ; ')
    assert.equal(commands.length, 7)
    await give(...commands.flatMap(aclsOf))
    assert.deepEqual(await failures(), [])
  })

  test('that is revoked while it works is waited for with a sentence, and goes on after the mend', async t => {
    await fresh(t)
    await grant()
    await makeTopics()
    const log = logOf('cf-audit-poller')
    const first = await log.writer('lab')
    await first.publish(makeEntries(0, 1), 'one')
    await grant(acl => acl.principal === 'User:cf-audit-poller' && acl.operation === 4)
    await assert.rejects(first.publish(makeEntries(1, 1), 'two'))
    await first.close()
    await assert.rejects(log.writer('lab'), (error: unknown) => {
      assert.ok(error instanceof KafkaUnavailableError, String(error))
      assert.match(error.message, /does not allow this login Write on the topic/)
      return true
    })
    await grant()
    const second = await log.writer('lab')
    assert.equal(second.checkpoint, 'one')
    await second.publish(makeEntries(1, 1), 'two')
  })
})
