import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { shareKafka, skipWithoutKafka, until } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import type { EventLog } from '../ports.ts'
import { checkKafkaLog } from './check-kafka-log.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Kafka, logLevel } from './kafkajs-door.ts'
import { Names } from './names.ts'
import type { SinkSourceObserver } from './sink-source-door.ts'

/** Delivers so many records of the sink, and leaves the group once that is done. */
async function deliver(log: EventLog, count: number, isDone = () => true): Promise<readonly string[]> {
  const source = log.source('siem', { batchMax: 50 })
  const signal = AbortSignal.timeout(30_000)
  const guids: string[] = []
  await source.connect(signal)
  while (guids.length < count) {
    const delivery = await source.read(signal)
    assert.ok(delivery)
    guids.push(...delivery.batch.map(({ guid }) => guid))
    await delivery.settle()
  }
  await until('the rest is done', isDone, 30_000)
  await source.close()
  return guids
}

async function inFreshLog(t: TestContext) {
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const prefix = `lost-group-${process.pid}`
  const names = new Names(prefix)
  const createTopics = { replicationFactor: 1 }
  const options = { brokers: kafka.brokers, prefix, createTopics, sessionTimeoutMs: 1_500 }
  const open = (observer: SinkSourceObserver = {}) => {
    const log = openKafkaLog(options, { clock: systemClock, observer })
    t.after(() => log.close())
    return log
  }
  const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  t.after(() => admin.disconnect())
  const notes = async (polls: boolean) => {
    const asked = { kafka: options, foundations: ['lab', 'idle'], polls, sinks: ['siem'] }
    const found = await checkKafkaLog({ ...asked, topics: createTopics }, systemClock)
    return found.flatMap(one => (one.verdict === 'note' ? [one.text] : []))
  }
  return { names, open, admin, notes }
}

test('a sink whose place is not known says that it begins at the oldest record, and check says so beforehand', {
  timeout: 120_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const { names, open, admin, notes } = await inFreshLog(t)
  const group = names.sinkGroup('siem')
  const writing = open()
  const [writer, idle] = [await writing.writer('lab'), await writing.writer('idle')]
  for (const polls of [true, false]) assert.deepEqual(await notes(polls), [])
  // Published to before the sink is there: it has to be told of as what it is, too.
  await writer.publish(makeEntries(0, 40), 'forty')
  const note = new RegExp(
    `^sink siem: its group ${group} knows no place for lab \\(at most 4\\d records\\): it begins at the oldest .*comes again$`,
  )
  for (const polls of [true, false]) {
    const [text = '', ...others] = await notes(polls)
    assert.match(text, note)
    assert.deepEqual(others, [])
  }

  const told: string[] = []
  const observer: SinkSourceObserver = {
    beginsAtOldest: ({ sink, group: of, foundation, offset, records }) =>
      told.push(`${sink} ${of} ${foundation} at ${offset}${records > 0n ? '' : ', which is empty'}`),
  }
  const both = [`siem ${group} idle at 0, which is empty`, `siem ${group} lab at 0`]
  const isTold = () => told.length === 2
  const first = await deliver(open(observer), 40, isTold)
  assert.deepEqual(told.splice(0).toSorted(), both)
  for (const polls of [true, false]) assert.deepEqual(await notes(polls), [])

  // With a place there is nothing to say.
  await writer.publish(makeEntries(40, 1), 'one')
  assert.equal((await deliver(open(observer), 1)).length, 1)
  assert.deepEqual(told, [])

  // Brokers do so of themselves, offsets.retention.minutes after the last member has left.
  await until('the group is deleted', () => deleted(admin.deleteGroups([group])), 30_000)
  assert.match((await notes(false)).join(), note)
  const again = await deliver(open(observer), 41, isTold)
  assert.deepEqual(again.slice(0, 40), first)
  assert.deepEqual(told.toSorted(), both)
  await Promise.all([writer.close(), idle.close()])
})

/** A member that has just left is a member for a moment. */
async function deleted(deleting: Promise<unknown>): Promise<boolean> {
  return deleting.then(
    () => true,
    () => false,
  )
}
