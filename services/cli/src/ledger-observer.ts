import { isoSec, type LedgerWindow, missingOf } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { PollerObserver } from '@cf-audit-drain/poller'
import type { FoundationMetrics, Logger } from '@cf-audit-drain/runtime'

/** Log lines and metrics of what the ledger finds. */
export function ledgerObserver(
  logger: Logger,
  metrics: FoundationMetrics | null,
  clock: Clock,
): Pick<PollerObserver, 'lateBy' | 'gone' | 'short' | 'whole' | 'verified'> {
  return {
    lateBy(agesSec) {
      for (const ageSec of agesSec) metrics?.lateBy(ageSec)
    },
    gone({ fromSec, toSec }, guids) {
      logger.warn(
        { from: isoSec(fromSec), to: isoSec(toSec), guids: guids.slice(0, 20), count: guids.length },
        'Cloud Controller no longer shows events that the ledger has, and its clean-up cannot have taken them',
      )
    },
    short(window) {
      logger.warn(
        { ...numbersOf(window), missing: missingOf(window) },
        'Cloud Controller counts rows in this window that it does not show: it stays short, and is read again until they are shown or expire',
      )
    },
    whole(window) {
      logger.info(
        numbersOf(window),
        'a window that was short is whole: everything that is counted there is held',
      )
    },
    verified(verified) {
      metrics?.verified({ ...verified, atMs: clock.now() })
      if (verified.isCompared)
        logger.debug(verified, "the ledger was compared with Cloud Controller's counts")
    },
  }
}

function numbersOf({ fromSec, toSec, counted, held }: LedgerWindow) {
  return { from: isoSec(fromSec), to: isoSec(toSec), counted, held }
}
