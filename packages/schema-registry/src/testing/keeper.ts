import { until } from '@cf-audit-drain/kafka-broker'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import type { RegistryClient } from '../registry-client.ts'
import { type RegistryStatus, SchemaIdKeeper } from '../schema-id-keeper.ts'

/** Its waits between two rounds are 50 ms, whatever they should be: 30 s of patience do not fit a test. */
const hurried: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms >= 30_000 ? 50 : ms, signal),
}

/** A keeper that runs, with what it said. */
export function keptBy(client: RegistryClient, topics: readonly string[]) {
  const warnings: string[] = []
  const told: string[] = []
  const keeper = new SchemaIdKeeper(client, topics, {
    clock: hurried,
    warn: sentence => warnings.push(sentence),
    inform: sentence => told.push(sentence),
  })
  const stopping = new AbortController()
  const running = keeper.run(stopping.signal)
  return {
    keeper,
    warnings,
    told,
    settled: (condition: (status: RegistryStatus) => boolean) =>
      until(`${condition}: ${JSON.stringify(keeper.status())}`, () => condition(keeper.status()), 20_000),
    async stop() {
      stopping.abort()
      await running
    },
  }
}
