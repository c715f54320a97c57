import { afterStop } from './after-stop.ts'
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
  try {
    return await orAborted(work, afterStop(stop, graceMs, clock, done.signal))
  } finally {
    done.abort()
  }
}
