import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { loadConfig } from '@cf-audit-drain/config'
import type { EventLog } from '@cf-audit-drain/log'
import { systemClock } from '@cf-audit-drain/pipeline'
import { createLogger } from '@cf-audit-drain/runtime'
import { random } from './random.ts'
import { type BuriedRecord, SinkWorker } from './sink-worker.ts'
import { makeSyslogSink } from './sinks.ts'

/** A worker of the sink `siem` in this process, until the test is over; what it counts is what its observer was told. */
export function startWorker(
  t: TestContext,
  log: EventLog,
  url: string,
  { drainMs = 1_000, settleMs = 5_000 } = {},
) {
  const loaded = loadConfig({ env: { SINK_URL: url }, readFile: () => '' })
  assert.ok('config' in loaded)
  const [config] = loaded.config.sinks
  assert.ok(config)
  const counts = { settled: 0, buried: 0, givenUp: 0 }
  const firstBuried: BuriedRecord[] = []
  const logger = createLogger({ level: 'fatal', destination: 'stderr' })
  const worker = new SinkWorker(
    config,
    makeSyslogSink(config, { clock: systemClock, logger }),
    { log, clock: systemClock, random, drainMs, settleMs },
    {
      settled: records => {
        counts.settled += records
      },
      buried: (records, first) => {
        counts.buried += records
        firstBuried.push(first)
      },
      givenUp: records => {
        counts.givenUp += records
      },
    },
  )
  const stopping = new AbortController()
  const running = worker.run(stopping.signal)
  const stop = async () => {
    stopping.abort()
    await running
  }
  t.after(stop)
  return { worker, counts, firstBuried, stop }
}
