import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type KafkaCluster, shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, temporary } from './command-for-tests.ts'
import { sendableEntries } from './entries-for-tests.ts'
import { HoldingReceiver } from './holding-receiver-for-tests.ts'
import { eventually, LabRun } from './lab-for-tests.ts'

const perFoundation = 300

/**
 * Goal: a rebalance doubles nothing that stays with its worker, and what it doubles is counted. Method: while the first worker waits for
 * its confirmation a second one joins, and later the first is stopped for so long that the second is given all.
 */
test('what a sink has sent and not settled is not sent again when another joins, and is counted where the group has let it go', {
  timeout: 240_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const prefix = `rebalance-${process.pid}`
  await fill(t, kafka, prefix)
  const receiver = await HoldingReceiver.start(t)
  receiver.hold()
  const first = startSink(t, kafka, prefix, receiver.url)
  await eventually(async () => receiver.held === 1)
  assert.equal(receiver.seen.size, perFoundation)

  const second = startSink(t, kafka, prefix, receiver.url)
  // It is given the foundation that is not in hand.
  await eventually(async () => receiver.held === 2 && receiver.seen.size === 2 * perFoundation)
  const doubles = () => [...receiver.seen.values()].reduce((sum, times) => sum + times - 1, 0)
  assert.equal(doubles(), 0)
  const shares = await Promise.all([first, second].map(async sink => (await sinkOf(sink)).foundations))
  assert.deepEqual([shares[0]?.length, shares.flat().toSorted()], [1, ['one', 'two']])

  first.signal('SIGSTOP')
  // What the second has in hand is settled, so that it can take what the first had.
  receiver.release()
  await eventually(async () => doubles() === perFoundation)
  first.signal('SIGCONT')
  await eventually(async () => (await sinkOf(second)).position?.lag === 0)
  await eventually(async () => (await resent(first)) === perFoundation)
  const counts = await Promise.all([first, second].map(resent))
  t.diagnostic(`${doubles()} came twice, counted ${counts}`)
  assert.equal(doubles(), perFoundation)
  assert.deepEqual(counts, [perFoundation, 0])
  assert.equal((await sinkOf(first)).sentAgain, perFoundation)
})

/** Goal: nothing comes twice uncounted, unless a process is killed. Method: a receiver that confirms nothing while a sink stops. */
test('what a sink has sent and its receiver has not confirmed when it is stopped is counted, and told in its last line', {
  timeout: 120_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const prefix = `stopped-${process.pid}`
  await fill(t, kafka, prefix)
  const receiver = await HoldingReceiver.start(t)
  receiver.hold()
  const stopped = startSink(t, kafka, prefix, receiver.url, { shutdownTimeout: '4s' })
  await eventually(async () => receiver.held === 1)
  stopped.signal('SIGTERM')
  await eventually(async () => /"sentAgain":\d+/.test(stopped.out()))
  assert.match(stopped.out(), new RegExp(`"sentAgain":${perFoundation},"reason":.*ended before`))
  receiver.release()
  startSink(t, kafka, prefix, receiver.url)
  await eventually(async () => receiver.seen.size === 2 * perFoundation)
  const doubles = [...receiver.seen.values()].reduce((sum, times) => sum + times - 1, 0)
  assert.equal(doubles, perFoundation)
})

interface ShownSink {
  readonly foundations: readonly string[]
  readonly position: { readonly lag: number } | null
  readonly sentAgain: number
}

async function sinkOf(sink: LabRun): Promise<ShownSink> {
  return JSON.parse(await sink.get('/status')).sinks[0]
}

async function fill(t: TestContext, kafka: KafkaCluster, prefix: string): Promise<void> {
  const log = openKafkaLog(
    { brokers: kafka.brokers, prefix, createTopics: { replicationFactor: 1 } },
    { clock: systemClock },
  )
  t.after(() => log.close())
  for (const [i, foundation] of ['one', 'two'].entries()) {
    const writer = await log.writer(foundation)
    await writer.publish(sendableEntries(foundation, i * perFoundation, perFoundation), 'all')
    await writer.close()
  }
}

function startSink(
  t: TestContext,
  kafka: KafkaCluster,
  prefix: string,
  url: string,
  more: object = {},
): LabRun {
  const dir = temporary(t)
  const file = join(dir, 'config.yaml')
  const config = {
    log: { kafka: { brokers: kafka.brokers, prefix } },
    sinks: [{ name: 'siem', url, confirmTimeout: '60s' }],
    http: { address: '127.0.0.1:0' },
    ...more,
  }
  writeFileSync(file, JSON.stringify(config))
  const sink = begin(['sink', '--config', file], { DATA_DIR: join(dir, 'data') })
  t.after(() => sink.child.kill('SIGKILL'))
  return new LabRun(sink)
}

async function resent(sink: LabRun): Promise<number> {
  return Number(/^cf_audit_resent_total\{sink="siem"\} (\d+)/m.exec(await sink.get('/metrics'))?.[1])
}
