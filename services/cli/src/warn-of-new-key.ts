import type { EventLog } from '@cf-audit-drain/log'
import type { Logger } from '@cf-audit-drain/runtime'

/** To be called at the start with a key of the fingerprints that was made just now: at the next one nothing tells that it is new. */
export async function warnOfNewKey(
  log: Pick<EventLog, 'tallies'>,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  try {
    if ((await log.tallies()).length === 0) return
    logger.warn(
      'the key of the fingerprints was gone from the data directory, and a new one was made: a secret has another fingerprint from now on',
    )
  } catch {
    if (signal.aborted) return
    // Why it cannot be read is told by whoever needs it.
    logger.warn(
      'a new key of the fingerprints was made, and it could not be read whether the log holds events: in those a secret has another fingerprint',
    )
  }
}
