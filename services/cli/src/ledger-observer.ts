import { isoSec, missingOf } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { PollerObserver, WindowsInNews } from '@cf-audit-drain/poller'
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
    gone(news) {
      const named = news.named.map(({ window, rows, guids }) => ({ ...spanOf(window), gone: rows, guids }))
      logger.warn(
        { ...sumsOf(news), gone: news.rows, named },
        'Cloud Controller no longer shows events that the ledger has, and its clean-up cannot have taken them',
      )
    },
    short(news) {
      const named = news.named.map(one => ({ ...numbersOf(one), missing: missingOf(one.window) }))
      logger.warn(
        { ...sumsOf(news), missing: news.rows, named },
        'Cloud Controller counts rows that it does not show: these windows stay short, and are read again until the rows are shown or expire',
      )
    },
    whole(news) {
      logger.info(
        { ...sumsOf(news), named: news.named.map(numbersOf) },
        'windows that were short are whole: everything that is counted there is held',
      )
    },
    verified(verified) {
      metrics?.verified({ ...verified, atMs: clock.now() })
      if (verified.isCompared)
        logger.debug(verified, "the ledger was compared with Cloud Controller's counts")
    },
  }
}

/** All the windows lie between. */
function sumsOf(news: WindowsInNews) {
  return { windows: news.windows, ...spanOf(news) }
}

function numbersOf({ window }: WindowsInNews['named'][number]) {
  return { ...spanOf(window), counted: window.counted, held: window.held }
}

function spanOf({ fromSec, toSec }: { readonly fromSec: number; readonly toSec: number }) {
  return { from: isoSec(fromSec), to: isoSec(toSec) }
}
