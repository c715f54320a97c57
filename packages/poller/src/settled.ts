import { asError } from '@cf-audit-drain/pipeline'

/** Waits for all, then throws what the first of them threw. */
export async function settled(loops: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(loops)
  const failed = results.find(result => result.status === 'rejected')
  if (failed) throw asError(failed.reason)
}
