import { setTimeout as sleep } from 'node:timers/promises'

/** The one home of time. Everything else is given a Clock, so a test decides what time it is. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump. */
  now(): number
  /** Milliseconds that never go back; only differences mean something. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted()
    try {
      await sleep(Math.max(0, ms), undefined, signal ? { signal } : {})
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  },
}

/** A number in [0, 1). Injected wherever chance decides (jitter, the simulator), so a seed repeats a run. */
export type Random = () => number

/** mulberry32: small, seeded, good enough for jitter and tests; not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A signal that aborts when any of the given does, or after `ms` with a TimeoutError. */
export function deadline(ms: number, ...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(ms), ...signals.filter(signal => signal !== undefined)])
}
