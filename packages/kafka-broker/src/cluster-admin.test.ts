import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import {
  BrokerRefusal,
  ClusterAdmin,
  type KafkaCluster,
  reasonToSkipKafka,
  startKafka,
  until,
} from './index.ts'
import { kcat, skipWithoutKcat } from './testing/kcat.ts'
import { skipIfGiven } from './testing/skip-if-given.ts'

/** The first to ask for a coordinator has the brokers make its topic, and is refused meanwhile. */
function untilAnswered(ask: () => Promise<void>): Promise<void> {
  const answered = async () => {
    try {
      await ask()
      return true
    } catch (error) {
      if (error instanceof BrokerRefusal) return false
      throw error
    }
  }
  return until('the coordinator answers', answered, 20_000)
}

describe('requests to a cluster', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  let admin: ClusterAdmin
  const topic = 'requests'

  before(async () => {
    kafka = await startKafka({
      brokers: 3,
      properties: { 'auto.create.topics.enable': 'true', 'num.partitions': '1' },
    })
    admin = new ClusterAdmin(kafka.brokers)
  })
  after(() => kafka?.stop())

  const skipped = (t: TestContext) => skipIfGiven(t) || skipWithoutKcat(t)

  test('the leader of a topic is who kcat says, and moves where it is told to', async t => {
    if (skipped(t)) return
    await kcat(kafka.brokers, ['-P', '-t', topic], 'one\n')
    for (const to of [0, 1, 2, 1]) {
      await admin.moveLeader(topic, to)
      await until('the leader has moved', async () => (await admin.leaderOf(topic)) === to, 10_000)
      // kcat asks any broker, and each learns of it in its own time.
      const says = async () =>
        (await kcat(kafka.brokers, ['-L', '-t', topic])).includes(`partition 0, leader ${to + 1},`)
      await until('kcat says so, too', says, 10_000)
    }
    assert.deepEqual((await admin.inSync(topic)).toSorted(), [0, 1, 2])
  })

  test('ends, offsets and coordinators are what they are', async t => {
    if (skipped(t)) return
    await kcat(kafka.brokers, ['-P', '-t', 'ends'], 'one\ntwo\n')
    assert.deepEqual(await admin.endsOf('ends'), { all: 2n, committed: 2n })
    await untilAnswered(async () => assert.equal(await admin.committedOffset('nobody', 'ends'), null))
    await kcat(kafka.brokers, [
      '-G',
      'somebody',
      '-o',
      'beginning',
      '-e',
      '-q',
      '-X',
      'auto.offset.reset=earliest',
      'ends',
    ])
    assert.equal(await admin.committedOffset('somebody', 'ends'), 2n)
    await untilAnswered(async () => {
      assert.ok([0, 1, 2].includes(await admin.coordinatorOf('transaction', 'any')))
    })
  })

  test('what is refused says which error', async t => {
    if (skipped(t)) return
    await assert.rejects(admin.leaderOf('no-such-topic'), BrokerRefusal)
    await assert.rejects(admin.deleteTopics(['no-such-topic']), {
      message: /deleting no-such-topic: .*error 3/,
    })
    await assert.rejects(admin.setTopicConfig(topic, { 'no.such.setting': '1' }), /no\.such\.setting/)
  })

  test('a retention takes records away, a quota is taken, and a deleted topic is gone', async t => {
    if (skipped(t)) return
    await kcat(kafka.brokers, ['-P', '-t', 'short'], 'one\ntwo\n')
    await admin.setTopicConfig('short', { 'retention.ms': '1' })
    const left = () => kcat(kafka.brokers, ['-C', '-t', 'short', '-o', 'beginning', '-e', '-q'])
    await until('retention', async () => (await left()) === '', 20_000)
    await admin.setQuota('somebody', 1_000)
    await admin.setQuota('somebody', null)
    await admin.deleteTopics(['short'])
    await until(
      'the topic is gone',
      () =>
        admin.leaderOf('short').then(
          () => false,
          () => true,
        ),
      10_000,
    )
  })
})
