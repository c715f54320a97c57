import { type CloudController, stateLookups } from '@cf-audit-drain/cloud-foundry'
import type { FoundationConfig } from '@cf-audit-drain/config'
import type { Scrubber } from '@cf-audit-drain/event'
import type { PollerDeps } from '@cf-audit-drain/poller'
import { StateDifferences, type StateObserver } from '@cf-audit-drain/state-differences'
import { type ClientDeps, clientDeps, clientOptions } from './client-options.ts'
import { heldBackMs } from './names.ts'

/** Two, so that a kind that hangs does not stop the others. */
const lookupLimits = { maxInFlight: 2, requestTimeoutMs: 15_000 }

/** What a poller is given for states; nothing when they are not read. Beside the polling: over connections of its own. */
export function differencesOf(
  config: FoundationConfig,
  controller: CloudController,
  deps: ClientDeps & { readonly scrubber: Scrubber },
): Pick<PollerDeps, 'states'> {
  const { stateDifferences } = config
  if (stateDifferences === null) return {}
  const { clock, random, scrubber, metrics } = deps
  return {
    states: () => {
      const lookups = stateLookups(
        { ...clientOptions(config), ...lookupLimits },
        clientDeps(deps),
        controller.tokens,
      )
      metrics?.states.statesRead(stateDifferences.kinds, stateDifferences.everyMs)
      return new StateDifferences(stateDifferences, {
        clock,
        random,
        lookups,
        scrubber,
        heldBackMs: () => heldBackMs(controller.rateLimit, lookups.rateLimit, clock),
        observer: observerOf(deps),
      })
    },
  }
}

function observerOf({ logger, metrics }: ClientDeps): StateObserver {
  return {
    reading(kind, result, objects) {
      const isWhole = result === 'read' || result === 'baseline'
      metrics?.states.stateReading(kind, result, isWhole, objects)
      if (result === 'baseline')
        logger.info({ kind, objects }, 'states are read for the first time: from now on what changes is told')
      else if (result === 'stale' || result === 'unsteady' || result === 'dropped')
        logger.info({ kind, result }, 'a reading of states says nothing; it is done again')
    },
    differences(kind, types) {
      const unexplained = types.filter(type => type.endsWith('.unexplained')).length
      types.forEach((_, at) => {
        metrics?.states.stateDifference(kind, at < unexplained)
      })
      logger[unexplained > 0 ? 'warn' : 'info']({ kind, count: types.length, unexplained }, 'states changed')
    },
    refused(kind, { message }) {
      logger.warn({ kind, reason: message }, 'this kind of state is not read; it is tried again every hour')
    },
    failed(kind, { message }, pauseMs) {
      logger.warn({ kind, reason: message, pauseMs }, 'states could not be read; it is tried again')
    },
  }
}
