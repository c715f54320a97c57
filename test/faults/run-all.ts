import type { Kind } from './kind.ts'
import { type RunOptions, type RunResult, runKind } from './run-kind.ts'

/** Every kind with every seed, so many at a time. */
export async function runAll(
  kinds: readonly Kind[],
  seeds: readonly number[],
  atOnce: number,
  onResult: (result: RunResult, done: number, of: number) => void,
  options: RunOptions = {},
): Promise<readonly RunResult[]> {
  const waiting = seeds.flatMap(seed => kinds.map(kind => ({ kind, seed })))
  const of = waiting.length
  const results: RunResult[] = []
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const result = await runKind(next.kind, next.seed, options)
      results.push(result)
      onResult(result, results.length, of)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}
