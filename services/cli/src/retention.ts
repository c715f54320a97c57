import type { Config } from '@cf-audit-drain/config'
import { type EventLog, isPassing } from '@cf-audit-drain/log'
import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'

const everyMs = 60_000
/** Longer than Cloud Controller shows an event (31 days), so that no re-read finds one we have forgotten. */
const forgetGuidsAfterSec = 45 * 86_400

/** Removes what retention allows, once every sink has had it, until the signal is aborted. */
export async function keepRetention(
  config: Config,
  log: EventLog,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const { maxAgeMs, maxBytes } = config.log.retention
  if (maxAgeMs === null && maxBytes === null) return
  const policy = {
    ...(maxAgeMs === null ? {} : { maxAgeMs }),
    ...(maxBytes === null ? {} : { maxBytes }),
    forgetGuidsAfterSec,
  }
  while (!signal.aborted) {
    const { pruned } = await log.prune(policy, clock.now()).catch((error: unknown) => {
      if (!isPassing(error)) throw error
      logger.warn({ reason: asError(error).message }, 'retention could not be kept just now')
      return { pruned: 0 }
    })
    if (pruned > 0) logger.info({ pruned }, 'retention removed events that every sink has had')
    await clock.sleep(pruned > 0 ? 1_000 : everyMs, signal).catch(() => undefined)
  }
}
