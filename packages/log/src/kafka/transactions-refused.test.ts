import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipWithoutKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { guidsOf, makeEntries } from '../contract-suite/made-up-entries.ts'
import { checkKafkaLog, type KafkaFinding } from './check-kafka-log.ts'
import { KafkaStateError } from './kafka-error.ts'
import { openKafkaLog } from './kafka-log.ts'
import type { KafkaOptions } from './kafka-options.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { Names } from './names.ts'

const prefix = 'refused'
const createTopics = { replicationFactor: 1 }

test('a Kafka that refuses transactions is told of with the remedy, and the remedy works', async t => {
  if (skipWithoutKafka(t) || skipWithoutKcat(t)) return
  const kafka = await startKafka({
    properties: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found': 'true',
    },
  })
  t.after(() => kafka.stop())
  if (!kafka.isOurs) return t.skip('KAFKA_BROKERS is set: who may do what there is not ours to say')
  await denyTransactionalIds(kafka.brokers)
  const options = { brokers: kafka.brokers, prefix, createTopics }
  const open = (delivery: 'exactly-once' | 'at-least-once') => {
    const log = openKafkaLog({ ...options, delivery }, { clock: systemClock })
    t.after(() => log.close())
    return log
  }
  const isRefusal = (error: unknown) => {
    assert.ok(error instanceof KafkaStateError, String(error))
    assert.match(error.message, /Write on the transactional-id refused\.poller\.lab/)
    assert.match(error.message, /log\.kafka\.delivery: at-least-once/)
    return true
  }
  await assert.rejects(open('exactly-once').writer('lab'), isRefusal)
  const check = (kafka: KafkaOptions) =>
    checkKafkaLog({ kafka, foundations: ['lab'], polls: true, sinks: [], topics: createTopics }, systemClock)
  const refusals: readonly KafkaFinding[] = await check(options)
  assert.ok(refusals.some(one => one.verdict === 'FAIL' && isRefusal(one.error)))

  const [first, ...others] = await check({ ...options, delivery: 'at-least-once' })
  assert.match(first?.verdict === 'ok' ? first.text : '', /^1 broker, delivery at-least-once/)
  assert.deepEqual(others, [])
  const log = open('at-least-once')
  const writer = await log.writer('lab')
  await writer.publish(makeEntries(0, 3), 'three')
  await writer.close()
  const seen = await seenByKcat(kafka.brokers, new Names(prefix).events('lab'))
  assert.deepEqual(
    seen.map(({ guid }) => guid),
    guidsOf(makeEntries(0, 3)),
  )
})

/** Numbers of kafkajs' AclResourceTypes, AclOperationTypes and so on, which the door does not let through. */
const acl = { transactionalId: 5, literal: 3, all: 2, deny: 2 } as const

async function denyTransactionalIds(brokers: readonly string[]): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const everybody = { principal: 'User:*', host: '*', operation: acl.all, permissionType: acl.deny }
  await admin.createAcls({
    acl: [
      {
        ...everybody,
        resourceType: acl.transactionalId,
        resourceName: '*',
        resourcePatternType: acl.literal,
      },
    ],
  })
  await admin.disconnect()
}
