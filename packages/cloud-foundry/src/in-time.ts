import type { Clock } from '@cf-audit-drain/pipeline'
import { linkedAbort } from './linked-abort.ts'

/** Has the work done within `ms`; after that it is aborted, and what `late` makes is thrown. */
export async function inTime<T>(
  ms: number,
  { clock, late }: { readonly clock: Clock; readonly late: () => Error },
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const all = linkedAbort(signal)
  const done = new AbortController()
  clock.sleep(ms, done.signal).then(
    () => all.abort(late()),
    () => undefined,
  )
  try {
    return await work(all.signal)
  } catch (error) {
    all.signal.throwIfAborted()
    throw error
  } finally {
    done.abort()
    all.unlink()
  }
}
