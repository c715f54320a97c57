import type { EventLog } from '@cf-audit-drain/log'
import { alterWriter } from './alter-writer.ts'

/** From now on the log is written as before there was a ledger. Returns what opens its writers as before. */
export function withoutLedger(log: EventLog): EventLog['writer'] {
  return alterWriter(log, real => ({
    publish: (entries, next, letters) => {
      const { hasLedger: _, ...checkpoint } = JSON.parse(next)
      return real.publish(entries, JSON.stringify(checkpoint), letters)
    },
  }))
}
