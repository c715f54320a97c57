import type { Clock } from './clock.ts'

export interface DrivenClock extends Clock {
  /** Moves time on and wakes, in order, everything whose sleep is over. */
  advance(ms: number): void
  /** The wall clock jumps (NTP, an operator); monotonic time and sleeps do not notice. */
  jump(ms: number): void
  /** How many are asleep. */
  readonly sleeping: number
}

interface Sleeper {
  readonly untilMs: number
  wake(): void
}

/** A clock that stands still until a test moves it. */
export function drivenClock(startMs = Date.parse('2026-11-22T06:00:00Z')): DrivenClock {
  let elapsedMs = 0
  let wallOffsetMs = startMs
  const sleepers = new Set<Sleeper>()
  return {
    now: () => wallOffsetMs + elapsedMs,
    monotonic: () => elapsedMs,
    get sleeping() {
      return sleepers.size
    },
    sleep(ms, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      if (signal?.aborted) return Promise.reject(signal.reason)
      const onAbort = () => {
        sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      const sleeper: Sleeper = {
        untilMs: elapsedMs + Math.max(0, ms),
        wake() {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      sleepers.add(sleeper)
      signal?.addEventListener('abort', onAbort, { once: true })
      return promise
    },
    advance(ms) {
      elapsedMs += ms
      const due = [...sleepers].filter(({ untilMs }) => untilMs <= elapsedMs)
      for (const sleeper of due.sort((a, b) => a.untilMs - b.untilMs)) sleeper.wake()
    },
    jump(ms) {
      wallOffsetMs += ms
    },
  }
}
