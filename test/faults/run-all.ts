import { KafkaClusters } from './kafka/kafka-clusters.ts'
import type { Kind } from './kind.ts'
import { type RunResult, runKind } from './run-kind.ts'
import type { RunOptions } from './run-options.ts'

/**
 * Every kind with every seed, so many at a time. Kinds on Kafka come last, and those that harm its brokers one by one:
 * three brokers and their processes are enough for the machine, and a neighbour would meet the same fault.
 */
export async function runAll(
  kinds: readonly Kind[],
  seeds: readonly number[],
  atOnce: number,
  onResult: (result: RunResult, done: number, of: number) => void,
  options: RunOptions = {},
): Promise<readonly RunResult[]> {
  const of = kinds.length * seeds.length
  const results: RunResult[] = []
  const clusters = new KafkaClusters()
  const runThese = async (these: readonly Kind[], together: number) => {
    const waiting = seeds.flatMap(seed => these.map(kind => ({ kind, seed })))
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const result = await runKind(next.kind, next.seed, clusters, options)
        results.push(result)
        onResult(result, results.length, of)
      }
    }
    await Promise.all(Array.from({ length: together }, work))
  }
  try {
    await runThese(
      kinds.filter(({ kafka }) => kafka === undefined),
      atOnce,
    )
    await runThese(
      kinds.filter(({ kafka }) => kafka === 'harmless'),
      atOnce,
    )
    await runThese(
      kinds.filter(({ kafka }) => kafka === 'harmful'),
      1,
    )
  } finally {
    await clusters.discard()
  }
  return results
}
