import type { EventLog } from '@cf-audit-drain/log'
import type { Logger } from '@cf-audit-drain/runtime'

/** To be called before anything is polled with a key of the fingerprints that was made just now. */
export async function warnOfNewKey(log: Pick<EventLog, 'tallies'>, logger: Logger): Promise<void> {
  try {
    if ((await log.tallies()).length === 0) return
    logger.warn(
      'the key of the fingerprints was gone from the data directory, and a new one was made: a secret has another fingerprint from now on',
    )
  } catch {
    // Why it cannot be read is told by whoever needs it.
    logger.warn(
      'a new key of the fingerprints was made, and it could not be read whether the log holds events: in those a secret has another fingerprint',
    )
  }
}
