import type { Config } from '@cf-audit-drain/config'
import { type EventLog, isPassing } from '@cf-audit-drain/log'
import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type { Verified } from '@cf-audit-drain/poller'
import type { Logger } from '@cf-audit-drain/runtime'

const everyMs = 60_000
const daySec = 86_400
/** A clean-up may fail for days. */
const marginSec = 14 * daySec
/** Cloud Controller's own retention is 31 days. */
const forgetLeastSec = 31 * daySec + marginSec

/** What a poller has last seen of the age of events at its source; null: it has not looked yet. */
export type SourceAge = Pick<Verified, 'oldestSec' | 'retentionSec'> | null

/**
 * How old an event has to be for no Cloud Controller to show it any more, so that no re-read finds one whose guid is forgotten:
 * for ever, while one of them has not been asked.
 */
export function forgetGuidsAfterSec(sources: readonly SourceAge[], nowSec: number): number {
  const ages = sources.map(seen =>
    seen === null || seen.oldestSec === null
      ? Number.POSITIVE_INFINITY
      : Math.max(seen.retentionSec, nowSec - seen.oldestSec) + marginSec,
  )
  return Math.max(forgetLeastSec, ...ages)
}

/** Removes what retention allows, once every sink has had it, until the signal is aborted. */
export async function keepRetention(
  config: Config,
  log: EventLog,
  {
    clock,
    logger,
    sources,
  }: { readonly clock: Clock; readonly logger: Logger; readonly sources: () => readonly SourceAge[] },
  signal: AbortSignal,
): Promise<void> {
  const { maxAgeMs, maxBytes } = config.log.retention
  if (maxAgeMs === null && maxBytes === null) return
  const policy = {
    ...(maxAgeMs === null ? {} : { maxAgeMs }),
    ...(maxBytes === null ? {} : { maxBytes }),
  }
  while (!signal.aborted) {
    const nowMs = clock.now()
    const forgetAfterSec = forgetGuidsAfterSec(sources(), Math.floor(nowMs / 1000))
    const pruning = log.prune({ ...policy, forgetGuidsAfterSec: forgetAfterSec }, nowMs)
    const { pruned } = await pruning.catch((error: unknown) => {
      if (!isPassing(error)) throw error
      logger.warn({ reason: asError(error).message }, 'retention could not be kept just now')
      return { pruned: 0 }
    })
    if (pruned > 0) logger.info({ pruned }, 'retention removed events that every sink has had')
    await clock.sleep(pruned > 0 ? 1_000 : everyMs, signal).catch(() => undefined)
  }
}
