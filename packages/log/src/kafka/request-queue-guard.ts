import { systemClock } from '@cf-audit-drain/pipeline'
import { fromKafkajs } from './pinned-kafkajs.ts'

/** Of kafkajs/src/network/requestQueue/index.js: the requests of one connection to one broker. */
export interface RequestQueue {
  maxInFlightRequests: number | null
  readonly pending: readonly unknown[]
  /** When the broker's throttle ends, in ms since the epoch; -1 when it never throttled. */
  readonly throttledUntil: number
  /** kafkajs itself clears it with clearTimeout, so it has to be a real timer. */
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
}

/** Not throttled, so it waits for an answer to make room; the answer itself looks too, this only makes sure. */
const inFlightLimitedMs = 10

/**
 * kafkajs arms a timer whether or not anything waits, with a delay below zero, which is 1 ms: every idle connection
 * wakes the process a thousand times a second (kafkajs issues 1556, 1704, 1751). This one arms it for waiting requests only.
 */
function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return
  const throttledForMs = this.throttledUntil - systemClock.now()
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    },
    throttledForMs > 0 ? Math.max(1, throttledForMs) : inFlightLimitedMs,
  )
}

const { prototype } = fromKafkajs('src/network/requestQueue/index.js') as {
  readonly prototype: RequestQueue & { scheduleCheckPendingRequests(this: RequestQueue): void }
}
if (typeof prototype.scheduleCheckPendingRequests !== 'function')
  throw new Error(
    'kafkajs: RequestQueue has no scheduleCheckPendingRequests: reinstall it, it is not the original',
  )
prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests
