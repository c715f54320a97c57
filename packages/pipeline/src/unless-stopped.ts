import { once } from 'node:events'
import type { Clock } from './clock.ts'
import { orAborted } from './or-aborted.ts'

/**
 * What `work` comes to; once `stop` is aborted it has `graceMs` to come to it, and is left then (see `orAborted`) with the
 * reason of `stop`.
 */
export async function unlessStopped<T>(
  stop: AbortSignal,
  graceMs: number,
  clock: Clock,
  work: Promise<T>,
): Promise<T> {
  const done = new AbortController()
  const late = new AbortController()
  const waiting = async () => {
    if (!stop.aborted) await once(stop, 'abort', { signal: done.signal })
    await clock.sleep(graceMs, done.signal)
    late.abort(stop.reason)
  }
  waiting().catch(() => undefined)
  try {
    return await orAborted(work, late.signal)
  } finally {
    done.abort()
  }
}
