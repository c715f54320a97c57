import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { allKinds } from './all-kinds.ts'
import { KafkaClusters } from './kafka/kafka-clusters.ts'
import type { Kind } from './kind.ts'
import { missingFor } from './missing-for.ts'
import { oldProgramMissing } from './old-program.ts'
import { runKind } from './run-kind.ts'

/**
 * Goal: no fault of the list loses, invents or doubles an event. Method: real processes, one seed of each kind; the
 * same as `npm run faults`, which runs more of them, for longer. FAULTS_SEED repeats a run.
 */
export function testKinds(what: string, kinds: readonly Kind[], atOnce: number, brokers: 1 | 3 = 3): void {
  const seed = Number(process.env['FAULTS_SEED'] ?? 1)
  const clusters = new KafkaClusters(brokers)
  after(() => clusters.discard())
  describe(`${what}, seed ${seed}`, { concurrency: atOnce }, () => {
    for (const kind of kinds) testKind(kind, seed, clusters)
  })
}

/** Of those that do so to Kafka; undefined: of those without one. */
export function kindsThatAre(kafka: Kind['kafka']): readonly Kind[] {
  return allKinds.filter(kind => kind.kafka === kafka)
}

/** Those that harm Kafka come one after the other, in two files that run at once, each with brokers of its own. */
export function harmfulKinds(half: 0 | 1): readonly Kind[] {
  return kindsThatAre('harmful').filter((_, i) => i % 2 === half)
}

function testKind(kind: Kind, seed: number, clusters: KafkaClusters): void {
  test(`nothing is lost, invented or doubled in the log by: ${kind.title}`, {
    timeout: 280_000,
  }, async t => {
    const missing = missingFor(kind)
    if (missing !== null) {
      const isPeer = missing !== oldProgramMissing()
      if (isPeer && process.env['REQUIRE_PEERS'] === '1' && !process.env['KAFKA_BROKERS'])
        throw new Error(missing)
      t.skip(missing)
      return
    }
    const result = await runKind(kind, seed, clusters, { isQuick: true })
    t.diagnostic(`seed ${seed}, ${result.shown} events, ${result.tookMs} ms; ${result.notes.join(', ')}`)
    assert.equal(result.failure, null, result.failure ?? '')
  })
}
