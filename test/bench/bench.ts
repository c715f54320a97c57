import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { refuse, toolOptions } from '../tool-options.ts'
import {
  measureBackfill,
  measureIdle,
  measureLatency,
  measureSink,
  measureStart,
  type Scale,
} from './measures.ts'

const usage = `usage: npm run bench -- [--json] [--quick] [--only sink|backfill|latency|start|idle]

What is claimed of speed, measured with real processes on this machine. --json prints one line last; --quick is a tenth
of the size, to see that it works.`
const values = toolOptions(
  { json: { type: 'boolean' }, quick: { type: 'boolean' }, only: { type: 'string' } },
  usage,
)

const full: Scale = { sinkEvents: 1_000_000, backfillEvents: 1_000_000, latencyRows: 120, idleSeconds: 60 }
const quick: Scale = { sinkEvents: 100_000, backfillEvents: 100_000, latencyRows: 12, idleSeconds: 10 }
const scale = values.quick ? quick : full

const measures = {
  sink: measureSink,
  backfill: measureBackfill,
  latency: measureLatency,
  start: measureStart,
  idle: measureIdle,
}

if (values.only !== undefined && !Object.hasOwn(measures, values.only))
  refuse(`there is nothing called "${values.only}" to measure`, usage)

const processor = cpus()[0]?.model ?? 'unknown processor'
const results: Record<string, unknown> = {
  machine: `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  versions: { node: process.versions.node, sqlite: process.versions['sqlite'] },
}
for (const [name, measure] of Object.entries(measures)) {
  if (values.only && values.only !== name) continue
  const folder = mkdtempSync(join(tmpdir(), `bench-${name}-`))
  results[name] = await measure(folder, scale)
  rmSync(folder, { recursive: true })
  if (!values.json) process.stdout.write(`${name.padEnd(9)} ${JSON.stringify(results[name])}\n`)
}
process.stdout.write(`${JSON.stringify(results)}\n`)
