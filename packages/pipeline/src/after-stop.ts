import type { Clock } from './clock.ts'

/** Aborted `graceMs` after `stop`, or after now where that was earlier, with its reason; not once `over` is aborted. */
export function afterStop(stop: AbortSignal, graceMs: number, clock: Clock, over: AbortSignal): AbortSignal {
  const late = new AbortController()
  const wait = () => {
    clock.sleep(graceMs, over).then(
      () => late.abort(stop.reason),
      () => undefined,
    )
  }
  if (stop.aborted) wait()
  else stop.addEventListener('abort', wait, { once: true, signal: over })
  return late.signal
}
