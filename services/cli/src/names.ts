import { type CloudController, nameLookups, type RateLimit } from '@cf-audit-drain/cloud-foundry'
import type { FoundationConfig } from '@cf-audit-drain/config'
import { Naming } from '@cf-audit-drain/names'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { PollerDeps } from '@cf-audit-drain/poller'
import { type ClientDeps, clientDeps, clientOptions } from './client-options.ts'

export interface FoundationNames {
  /** What a poller is given for names; nothing when there are to be none. */
  readonly deps: Pick<PollerDeps, 'naming'>
  close(): Promise<void>
}

/** Beside the polling: other connections, and at most half of what the rate limit allows. */
export function namesOf(
  config: FoundationConfig,
  controller: CloudController,
  deps: ClientDeps,
): FoundationNames {
  if (config.names === 'off') return { deps: {}, close: async () => {} }
  const lookups =
    config.names === 'events'
      ? null
      : nameLookups({ ...clientOptions(config), ...lookupLimits }, clientDeps(deps), controller.tokens)
  const { clock, logger } = deps
  return {
    deps: {
      naming: signal =>
        new Naming(
          { waitMs: config.nameWaitMs },
          {
            clock,
            lookups,
            heldBackMs: () => heldBackMs(controller.rateLimit, lookups?.rateLimit ?? null, clock),
            skewMs: () => controller.skewMs,
            onFailure: (kind, { message }, pauseMs) =>
              logger.warn(
                { kind, reason: message, pauseMs },
                'names could not be looked up: events go without them and say so',
              ),
            signal,
          },
        ),
    },
    close: async () => lookups?.close(),
  }
}

const lookupLimits = { maxInFlight: 4, requestTimeoutMs: 15_000 }

/** Until the window of the rate limit is over, once half of it is used up: the rest is for the events. */
export function heldBackMs(
  polling: RateLimit | null,
  lookups: RateLimit | null,
  clock: Pick<Clock, 'now'>,
): number {
  const waits = [polling, lookups].map(rate => {
    if (rate === null || rate.remaining > rate.limit / 2) return 0
    return Math.max(0, rate.resetSec * 1000 - clock.now())
  })
  return Math.max(...waits)
}
