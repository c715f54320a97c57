import { type Clock, systemClock } from '@cf-audit-drain/pipeline'

/** Short waits are over before they begin, as in a process that was held up until long after. */
export const hurriedClock: Clock = {
  ...systemClock,
  sleep: async (ms, signal) => {
    if (ms > 1_000) await systemClock.sleep(ms, signal)
  },
}
