import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  measureBackfill,
  measureIdle,
  measureLatency,
  measureSink,
  measureStart,
  type Scale,
} from './measures.ts'

/**
 * `npm run bench`: what is claimed of speed, measured with real processes on this machine. `-- --json` prints one line
 * last; `-- --only sink` measures one; `-- --quick` is a tenth of the size, to see that it works.
 */
const { values } = parseArgs({
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, only: { type: 'string' } },
})

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
