import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { openEmbeddedLog } from '@cf-audit-drain/log'
import { migrateToKafka } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, environment, foundationWith, temporary } from './command-for-tests.ts'
import { sendableEntries } from './entries-for-tests.ts'
import { eventually } from './lab-for-tests.ts'

const sentAgain = /what it holds is read and sent again/

/** A poller on Kafka in whose data directory lies an embedded log. */
async function scene(t: TestContext, name: string) {
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const dir = temporary(t)
  const log = await openEmbeddedLog({ dir, clock: systemClock })
  const writer = await log.writer('lab')
  await writer.publish(sendableEntries('lab', 0, 10), 'ten')
  await writer.close()
  await log.close()
  const prefix = `unmoved-${name}-${process.pid}`
  const env = {
    ...environment(await foundationWith(t, 0), dir),
    CF_FOUNDATION: 'lab',
    KAFKA_BROKERS: kafka.brokers.join(','),
    KAFKA_PREFIX: prefix,
    SCRUB_KEY: 'k'.repeat(32),
  }
  const poller = () => {
    const running = begin(['poller'], env)
    t.after(() => running.child.kill('SIGKILL'))
    return running
  }
  const options = { brokers: kafka.brokers, prefix, createTopics: { replicationFactor: 1 } }
  return { dir, options, poller }
}

test('a poller beside a log that was moved by half says that, and not that it is read again', {
  timeout: 90_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const { dir, options, poller } = await scene(t, 'half')
  const crash = new Error('killed here')
  const onStage = (stage: string) => {
    if (stage === 'copied') throw crash
  }
  const { signal } = new AbortController()
  const moving = migrateToKafka(
    { dir, kafka: options, dryRun: false },
    { clock: systemClock, onStage },
    signal,
  )
  await assert.rejects(moving, crash)
  const { code, out } = await poller().ended
  assert.equal(code, 4, out)
  assert.match(out, /lab is being carried here from an embedded log/)
  assert.doesNotMatch(out, sentAgain)
})

test('a poller beside a log that was not moved says that it is read again, once', {
  timeout: 90_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const { poller } = await scene(t, 'none')
  const running = poller()
  await eventually(async () => sentAgain.test(running.out()))
  running.child.kill('SIGTERM')
  const { out } = await running.ended
  assert.equal(out.split('\n').filter(line => sentAgain.test(line)).length, 1)
})
