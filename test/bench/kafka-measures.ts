import { type KafkaCluster, startKafka } from '@cf-audit-drain/kafka-broker'
import type { EventLog } from '@cf-audit-drain/log'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { Child } from '../faults/child.ts'
import { Simulator } from '../faults/simulator.ts'
import { until } from '../faults/until.ts'
import { cpuSeconds, rssMiB, startDrain } from './drain.ts'
import { filledFoundation, fillLog, recordedMix } from './fill-log.ts'
import { fillJsonTopic, jsonTopicMissing } from './json-topic.ts'
import type { Scale } from './measures.ts'
import { Receiver } from './receiver.ts'
import { rsyslogImkafkaMissing, startRsyslogImkafka } from './rsyslog-imkafka.ts'

/** What was wanted, and whether it came. A goal that was missed is told and fails nothing: machines differ. */
type Goals = Readonly<Record<string, boolean>>

/**
 * Kafka → CEF over TCP, one sink worker; then, to a receiver of the same program, rsyslog's imkafka → omfwd:
 *
 *   rsyslogRelay   over the same topic. It sends every record as it lies there, Avro in a frame of RFC 5424: it decodes
 *                  nothing, makes no CEF, and waits for no confirmation.
 *   rsyslogCef     over the same events as JSON on a topic of their own, for it reads no Avro: it parses them
 *                  (mmjsonparse) and fills in a line with most of our fields. It escapes nothing, and waits for no
 *                  confirmation here either.
 */
export async function measureKafkaSink(folder: string, { sinkEvents }: Scale) {
  await using kafka = await startBroker({ 'auto.create.topics.enable': 'true' })
  await fillLog(kafka.openLog(), sinkEvents)
  const ours = await measureSinkProcess(folder, kafka, sinkEvents)
  const goals: Goals = {
    '≥ 60,000 events/s': ours.eventsPerSecond >= 60_000,
    'at most 250 MiB': ours.rssMiB <= 250,
  }
  const missing = rsyslogImkafkaMissing() ?? jsonTopicMissing()
  if (missing !== null) return { ...ours, rsyslog: `skipped: ${missing}`, goals }
  const topic = `cf-audit.events.${filledFoundation}`
  const rsyslogRelay = await measureRsyslog(folder, kafka, { topic, template: 'whole' }, sinkEvents)
  await fillJsonTopic(kafka.brokers, 'json', sinkEvents)
  const rsyslogCef = await measureRsyslog(folder, kafka, { topic: 'json', template: 'cef' }, sinkEvents)
  const perCore = (other: typeof ours) =>
    Math.round((100 * other.cpuSecondsPerMillion) / ours.cpuSecondsPerMillion) / 100
  return {
    ...ours,
    rsyslogRelay,
    oursPerCoreToRelay: perCore(rsyslogRelay),
    rsyslogCef,
    oursPerCoreToCef: perCore(rsyslogCef),
    goals: {
      ...goals,
      '≥ 1.0 × rsyslog per core, it relaying Avro as it is': perCore(rsyslogRelay) >= 1,
      '≥ 1.0 × rsyslog per core, it making CEF of JSON': perCore(rsyslogCef) >= 1,
    },
  }
}

async function measureSinkProcess(folder: string, kafka: Broker, events: number) {
  const simulator = await Simulator.start(folder, [], { witnessed: false })
  const receiver = await Receiver.start(folder)
  const sinkUrl = `syslog://127.0.0.1:${receiver.port}`
  const sink = startDrain(folder, simulator, [], { ...kafka.env, SINK_URL: sinkUrl }, 'sink')
  const result = await relayed(sink, receiver, events)
  const log = kafka.openLog()
  await until('all is confirmed', async () => (await log.positions()).every(({ lag }) => lag === 0), 30_000)
  await log.close()
  await sink.stop(10_000)
  await Promise.all([simulator.stop(), receiver.stop()])
  return result
}

async function measureRsyslog(
  folder: string,
  { brokers }: Broker,
  what: { readonly topic: string; readonly template: 'whole' | 'cef' },
  events: number,
) {
  const receiver = await Receiver.start(folder)
  const rsyslogd = startRsyslogImkafka(folder, { ...what, brokers, port: receiver.port })
  const result = await relayed(rsyslogd, receiver, events)
  await rsyslogd.stop(10_000)
  await receiver.stop()
  return result
}

/** Of the process from its start, so that what it costs to start is in it. */
async function relayed(relay: Child, receiver: Receiver, events: number) {
  await until('the receiver has all', () => receiver.count.frames >= events || relay.end !== null, 300_000, 5)
  if (relay.end !== null) throw new Error(`the process that sends ended with ${relay.end}`)
  const { firstMs, lastMs, frames } = receiver.count
  return {
    eventsPerSecond: Math.round((1000 * frames) / (lastMs - firstMs)),
    cpuSecondsPerMillion: Math.round((1e8 * cpuSeconds(relay.pid)) / frames) / 100,
    rssMiB: Math.round(rssMiB(relay.pid).highest),
  }
}

/** A first start over 30 days, from ready-made pages, into Kafka. */
export async function measureKafkaBackfill(folder: string, { backfillEvents }: Scale) {
  await using kafka = await startBroker()
  const simulator = await Simulator.start(folder, ['--events', String(backfillEvents), '--days', '30'], {
    witnessed: false,
  })
  const startedMs = systemClock.monotonic()
  const poller = startDrain(folder, simulator, ['--until-caught-up'], kafka.env, 'poller')
  const use = { cpuSeconds: 0, rssMiB: 0 }
  while (poller.end === null) {
    use.rssMiB = Math.max(use.rssMiB, rssMiB(poller.pid).now)
    use.cpuSeconds = Math.max(use.cpuSeconds, cpuSeconds(poller.pid))
    await systemClock.sleep(200)
  }
  const seconds = (systemClock.monotonic() - startedMs) / 1000
  await simulator.stop()
  if (poller.end !== 0) throw new Error(`the backfill ended with ${poller.end}: see ${folder}`)
  const log = kafka.openLog()
  const held = (await log.tallies()).reduce((sum, { count }) => sum + count, 0)
  await log.close()
  if (held !== backfillEvents) throw new Error(`the log holds ${held} of ${backfillEvents} events`)
  const eventsPerSecond = Math.round(backfillEvents / seconds)
  return {
    eventsPerSecond,
    cpuSecondsPerMillion: Math.round((1e8 * use.cpuSeconds) / backfillEvents) / 100,
    rssMiB: Math.round(use.rssMiB),
    goals: { '≥ 15,000 events/s': eventsPerSecond >= 15_000 } satisfies Goals,
  }
}

/** One transaction a poll: 1 to 10 events and the checkpoint, again and again. */
export async function measureKafkaPublish(_folder: string, { publishes }: Scale) {
  await using kafka = await startBroker()
  const log = kafka.openLog()
  const writer = await log.writer('trickle')
  const entriesFrom = recordedMix()
  const tookMs: number[] = []
  for (let made = 0; tookMs.length < publishes; ) {
    const entries = entriesFrom(made, 1 + (tookMs.length % 10))
    const startedMs = systemClock.monotonic()
    await writer.publish(entries, '{}')
    tookMs.push(systemClock.monotonic() - startedMs)
    made += entries.length
    await systemClock.sleep(100)
  }
  await writer.close()
  await log.close()
  const first = tookMs[0] ?? Number.NaN
  tookMs.sort((a, b) => a - b)
  const percentile = (p: number) => Math.round(tookMs[Math.floor(p * (tookMs.length - 1))] ?? Number.NaN)
  return {
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    firstMs: Math.round(first),
    longestMs: percentile(1),
    goals: { 'p99 < 1 s': percentile(0.99) < 1_000 } satisfies Goals,
  }
}

/** Poller and sink as two processes with nothing to do, at the default interval. */
export async function measureKafkaIdle(folder: string, { idleSeconds }: Scale) {
  await using kafka = await startBroker()
  const simulator = await Simulator.start(folder, ['--events', '1000', '--days', '2'], { witnessed: false })
  const receiver = await Receiver.start(folder)
  const env = { ...kafka.env, SINK_URL: `syslog://127.0.0.1:${receiver.port}` }
  const processes = [
    startDrain(folder, simulator, [], env, 'poller'),
    startDrain(folder, simulator, [], env, 'sink'),
  ] as const
  await until('the history is delivered', () => receiver.count.frames >= 1_000, 120_000)
  await systemClock.sleep(5_000)
  const used = () => processes.map(({ pid }) => cpuSeconds(pid))
  const [before, startedMs] = [used(), systemClock.monotonic()]
  await systemClock.sleep(idleSeconds * 1000)
  const seconds = (systemClock.monotonic() - startedMs) / 1000
  const [poller = 0, sink = 0] = used().map((now, i) => (now - (before[i] ?? 0)) / seconds)
  await Promise.all(processes.map(one => one.stop(10_000)))
  await Promise.all([simulator.stop(), receiver.stop()])
  const rounded = (fraction: number) => Math.round(10_000 * fraction) / 10_000
  return {
    coreFraction: rounded(poller + sink),
    poller: rounded(poller),
    sink: rounded(sink),
    goals: { 'at most 1.5 % of a core': poller + sink <= 0.015 } satisfies Goals,
  }
}

interface Broker extends AsyncDisposable {
  readonly brokers: readonly string[]
  readonly env: Readonly<Record<string, string>>
  openLog(): EventLog
}

/** A Kafka of one broker for one measure. */
async function startBroker(properties: Readonly<Record<string, string>> = {}): Promise<Broker> {
  const kafka: KafkaCluster = await startKafka({ properties })
  const { brokers } = kafka
  return {
    brokers,
    env: { KAFKA_BROKERS: brokers.join(','), SCRUB_KEY: 'a key of the bench, of at least 32 characters' },
    openLog: () => openKafkaLog({ brokers, createTopics: { replicationFactor: 1 } }, { clock: systemClock }),
    [Symbol.asyncDispose]: () => kafka.stop(),
  }
}
