import { cpus } from 'node:os'
import { matchesGlob } from 'node:path'
import { systemClock } from '@cf-audit-drain/pipeline'
import { refuse, toolOptions } from '../tool-options.ts'
import { allKinds } from './all-kinds.ts'
import { missingFor } from './missing-for.ts'
import { resultsTable, writeTable } from './results-table.ts'
import { runAll } from './run-all.ts'
import type { RunResult } from './run-kind.ts'

const usage = `usage: npm run faults -- [--seeds N] [--seed FIRST] [--kind NAME]... [--at-once N] [--quick] [--outage SECONDS] [--json] [--keep]

Every kind of fault with so many seeds, and the tables of what came of it; README's table of the embedded log, and that
of Kafka, is written when every kind of it was run.
--kind NAME runs only this one (again and again; 'kafka-*' all of these), --keep keeps the folders of good runs too.
--quick makes the faults of Kafka as short as npm test has them, --outage says for how long all its brokers are down.
kinds: ${allKinds.map(kind => kind.name).join(', ')}`

const values = toolOptions(
  {
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string', multiple: true },
    'at-once': { type: 'string', default: '2' },
    quick: { type: 'boolean', default: false },
    outage: { type: 'string' },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
  usage,
)

const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const asked = values.kind ?? ['*']
for (const name of asked)
  if (!allKinds.some(kind => matchesGlob(kind.name, name))) refuse(`there is no kind "${name}"`, usage)
for (const name of ['seeds', 'seed', 'at-once', 'outage'] as const)
  if (!/^[1-9][0-9]{0,5}$/.test(values[name] ?? '1')) refuse(`--${name} takes a whole number above 0`, usage)

const kinds = allKinds.filter(kind => asked.some(name => matchesGlob(kind.name, name)))
for (const kind of kinds) {
  const missing = missingFor(kind)
  if (missing) say(`NOT RUN ${kind.name}: ${missing}`)
}
const first = Number(values.seed)
const seeds = Array.from({ length: Number(values.seeds) }, (_, at) => first + at)
const startedMs = systemClock.monotonic()

function progress(result: RunResult, done: number, of: number): void {
  if (values.json) return
  const { kind, seed, shown, doubledAtReceiver, doubledMax, tookMs, failure, notes } = result
  const figures = `${shown} events, doubled ${doubledAtReceiver} ≤ ${doubledMax}, ${(tookMs / 1000).toFixed(1)} s`
  say(`${done}/${of} ${failure ? 'FAILED' : 'ok'} ${kind} seed ${seed}: ${figures}; ${notes.join(', ')}`)
  if (failure) say(`  ${failure}`)
}

const results = await runAll(
  kinds.filter(kind => missingFor(kind) === null),
  seeds,
  Number(values['at-once']),
  progress,
  {
    keepFolder: values.keep,
    isQuick: values.quick,
    outageMs: values.outage === undefined ? null : Number(values.outage) * 1000,
  },
)
const minutes = ((systemClock.monotonic() - startedMs) / 60_000).toFixed(1)
const length = values.quick ? ', as short as npm test has them' : ''
const note = `Seeds ${first} to ${first + seeds.length - 1}${length}, ${minutes} minutes on ${cpus().length} processors (\`npm run faults -- --seeds ${seeds.length}\`).`
for (const part of ['embedded', 'kafka'] as const) {
  const all = allKinds.filter(({ kafka }) => (kafka !== undefined) === (part === 'kafka'))
  const run = all.filter(kind => kinds.includes(kind))
  if (run.length === 0) continue
  const table = resultsTable(run, results)
  if (!values.json) say(`\n${table}\n\n${note}`)
  if (run.length === all.length) say(`written into ${writeTable(part, table, note)}`)
}
const failed = results.filter(result => result.failure !== null)
if (values.json)
  say(JSON.stringify({ seeds: seeds.length, minutes: Number(minutes), failed: failed.length, results }))
process.exitCode = failed.length === 0 ? 0 : 1
