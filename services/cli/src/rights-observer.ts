import type { PollerObserver } from '@cf-audit-drain/poller'
import type { FoundationMetrics, Logger } from '@cf-audit-drain/runtime'

/** Log lines and metrics of what the identity may see. */
export function rightsObserver({
  logger,
  metrics,
}: {
  readonly logger: Logger
  readonly metrics: FoundationMetrics | null
}): Pick<PollerObserver, 'rights' | 'narrowed'> {
  let isNarrowed = false
  return {
    rights(rights) {
      metrics?.seesEverything(rights.sees === 'everything')
      if (rights.sees === 'everything')
        logger.info({ scopes: rights.scopes }, 'the identity sees every audit event')
      else logger.warn({ scopes: rights.scopes, sees: rights.sees }, rights.sentence)
    },
    narrowed(narrowed) {
      metrics?.rightsNarrowed(narrowed !== null)
      if (narrowed !== null) logger.error(narrowed.sentence)
      else if (isNarrowed) logger.info('the identity sees as much again as before')
      isNarrowed = narrowed !== null
    },
  }
}
