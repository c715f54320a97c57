import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { kafkaMissing } from '@cf-audit-drain/kafka-broker'
import { refuse, toolOptions } from '../tool-options.ts'
import {
  measureKafkaBackfill,
  measureKafkaIdle,
  measureKafkaPublish,
  measureKafkaSink,
} from './kafka-measures.ts'
import {
  measureBackfill,
  measureFollow,
  measureIdle,
  measureLatency,
  measureSink,
  measureStart,
  type Scale,
} from './measures.ts'

const onOneMachine = {
  sink: measureSink,
  backfill: measureBackfill,
  latency: measureLatency,
  start: measureStart,
  idle: measureIdle,
  follow: measureFollow,
}
const onKafka = {
  'kafka-sink': measureKafkaSink,
  'kafka-backfill': measureKafkaBackfill,
  'kafka-publish': measureKafkaPublish,
  'kafka-idle': measureKafkaIdle,
}
const measures = { ...onOneMachine, ...onKafka }

const usage = `usage: npm run bench -- [--json] [--quick] [--only ${Object.keys(measures).join('|')}|kafka]

What is claimed of speed, measured with real processes on this machine. --json prints one line last; --quick is a tenth
of the size, to see that it works. kafka is all of kafka-…; each starts a broker of its own.`
const values = toolOptions(
  { json: { type: 'boolean' }, quick: { type: 'boolean' }, only: { type: 'string' } },
  usage,
)

const full: Scale = {
  sinkEvents: 1_000_000,
  backfillEvents: 1_000_000,
  latencyRows: 120,
  idleSeconds: 60,
  followSeconds: 360,
  followHours: 5,
  publishes: 300,
}
const quick: Scale = {
  sinkEvents: 100_000,
  backfillEvents: 100_000,
  latencyRows: 12,
  idleSeconds: 10,
  followSeconds: 20,
  followHours: 0.1,
  publishes: 30,
}
const scale = values.quick ? quick : full

const { only } = values
if (only !== undefined && only !== 'kafka' && !Object.hasOwn(measures, only))
  refuse(`there is nothing called "${only}" to measure`, usage)

const processor = cpus()[0]?.model ?? 'unknown processor'
const results: Record<string, unknown> = {
  machine: `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  versions: { node: process.versions.node, sqlite: process.versions['sqlite'] },
}
const noKafka = process.env['KAFKA_BROKERS']
  ? 'KAFKA_BROKERS is set, and what lies there would be measured too: unset it'
  : kafkaMissing()
for (const [name, measure] of Object.entries(measures)) {
  const isOfKafka = Object.hasOwn(onKafka, name)
  if (only !== undefined && only !== name && !(only === 'kafka' && isOfKafka)) continue
  if (isOfKafka && noKafka !== null) results[name] = `skipped: ${noKafka}`
  else {
    const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`))
    results[name] = await measure(folder, scale)
    rmSync(folder, { recursive: true })
  }
  if (!values.json) process.stdout.write(`${name.padEnd(14)} ${printed(results[name])}\n`)
}
process.stdout.write(`${JSON.stringify(results)}\n`)

/** What was measured, and below it every goal with whether it was met. */
function printed(result: unknown): string {
  if (typeof result !== 'object' || result === null) return String(result)
  const { goals = {}, ...measured } = result as { readonly goals?: Readonly<Record<string, boolean>> }
  const lines = Object.entries(goals).map(
    ([goal, isMet]) => `\n    ${isMet ? 'met:    ' : 'MISSED: '} ${goal}`,
  )
  return JSON.stringify(measured) + lines.join('')
}
