import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ClusterAdmin, type KafkaCluster, shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { begin, receiverOf, runs, temporary } from './command-for-tests.ts'
import { sendableEntries } from './entries-for-tests.ts'
import { eventually, LabRun } from './lab-for-tests.ts'

/** Goal: what retention takes from a sink is seen wherever one looks. Method: its records are deleted while it is down. */
test('a sink on Kafka that retention has overtaken says how many events it lost of whom, in its line, on /status and in /metrics', {
  timeout: 240_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const prefix = `overtaken-${process.pid}`
  const log = openKafkaLog(
    { brokers: kafka.brokers, prefix, createTopics: { replicationFactor: 1 } },
    { clock: systemClock },
  )
  t.after(() => log.close())
  const [lab, other] = [await log.writer('lab'), await log.writer('other')]
  await lab.publish(sendableEntries('lab', 0, 20), 'twenty')
  await other.publish(sendableEntries('other', 0, 5), 'five')
  const { start, check, receiver } = await commands(t, kafka, prefix)

  assert.match(
    await check(),
    /^note {2}log +sink siem: its group \S+ knows no place for lab .*, other .*comes again$/m,
  )
  const first = start()
  await eventually(async () => receiver.received === 25)
  await eventually(async () => (await lossOf(first, 'lab')).total === 0)
  assert.deepEqual(await lossOf(first, 'lab'), { total: 0, at: 0, lost: [] })
  const beginning = linesOf(first).filter(({ msg }) => msg.startsWith('no place of this sink is known'))
  assert.deepEqual(beginning.map(({ level, foundation, offset }) => [level, foundation, offset]).toSorted(), [
    ['warn', 'lab', '0'],
    ['warn', 'other', '0'],
  ])
  assert.doesNotMatch(await check(), /knows no place/)

  const admin = new ClusterAdmin(kafka.brokers)
  const topic = `${prefix}.events.lab`
  const place = () => admin.committedOffset(`${prefix}.sink.siem`, topic)
  await eventually(async () => (await place()) === (await admin.endsOf(topic)).all)
  await first.kill()
  const from = Number(await place())
  await lab.publish(sendableEntries('lab', 20, 30), 'fifty')
  const to = from + 10
  await admin.deleteRecords(topic, BigInt(to))

  const second = start()
  await eventually(async () => receiver.received === 45)
  const { total, at, lost } = await lossOf(second, 'lab')
  assert.equal(total, 10)
  assert.ok(Math.abs(at * 1_000 - systemClock.now()) < 60_000, String(at))
  const [{ since, last, ...one }, ...others] = lost
  assert.deepEqual([one, others], [{ foundation: 'lab', records: 10, from, to }, []])
  assert.deepEqual([Date.parse(since) / 1_000, last], [at, since])
  assert.deepEqual(await lossOf(second, 'other'), { total: 0, at: 0, lost })
  const [line] = linesOf(second).filter(({ msg }) => msg.startsWith('LOST for this sink'))
  assert.deepEqual(
    [line?.level, line?.sink, line?.foundation, line?.from, line?.to],
    ['error', 'siem', 'lab', String(from), String(to)],
  )
})

interface Line {
  readonly level: string
  readonly msg: string
  readonly sink?: string
  readonly foundation?: string
  readonly offset?: string
  readonly from?: string
  readonly to?: string
}

function linesOf(run: LabRun): readonly Line[] {
  return run
    .out()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Line)
}

/** What the process tells of the losses of its sink: the two metrics of the foundation, and `/status`. */
async function lossOf(run: LabRun, foundation: string) {
  const metrics = (await run.get('/metrics')).split('\n')
  const value = (name: string) => {
    const series = `cf_audit_sink_${name}{sink="siem",foundation="${foundation}"} `
    return Number(metrics.find(line => line.startsWith(series))?.slice(series.length) ?? Number.NaN)
  }
  const { lost } = JSON.parse(await run.get('/status')).sinks[0]
  return { total: value('lost_total'), at: value('last_loss_timestamp_seconds'), lost }
}

/** `sink`, and `check --for sink`, of one configuration. */
async function commands(t: TestContext, kafka: KafkaCluster, prefix: string) {
  const { receiver, url } = await receiverOf(t)
  receiver.quiet = true
  const dir = temporary(t)
  const file = join(dir, 'config.yaml')
  const config = {
    log: { kafka: { brokers: kafka.brokers, prefix } },
    sinks: [{ name: 'siem', url }],
    http: { address: '127.0.0.1:0' },
  }
  writeFileSync(file, JSON.stringify(config))
  const env = { DATA_DIR: join(dir, 'data') }
  const start = () => {
    const process = begin(['sink', '--config', file], env)
    t.after(() => process.child.kill('SIGKILL'))
    return new LabRun(process)
  }
  const check = async () => (await runs(['check', '--for', 'sink', '--config', file], env)).out
  return { receiver, start, check }
}
