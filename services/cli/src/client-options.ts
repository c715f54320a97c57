import { readFileSync } from 'node:fs'
import type { Deps, FoundationOptions } from '@cf-audit-drain/cloud-foundry'
import { type FoundationConfig, readSecretFile } from '@cf-audit-drain/config'
import type { Clock, Random } from '@cf-audit-drain/pipeline'
import type { FoundationMetrics, Logger } from '@cf-audit-drain/runtime'

export interface ClientDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: FoundationMetrics | null
}

/** How both clients of a foundation, the one for events and the one for names, ask. */
export function clientOptions(config: FoundationConfig): FoundationOptions {
  const { clientSecretFile } = config
  return {
    name: config.name,
    api: config.api,
    clientId: config.clientId,
    clientSecret: () =>
      clientSecretFile === null
        ? config.clientSecret.reveal()
        : readSecretFile(clientSecretFile, path => readFileSync(path, 'utf8')).reveal(),
    ...(config.caFile === null ? {} : { caFile: config.caFile }),
    insecure: config.insecure,
    requestTimeoutMs: config.requestTimeoutMs,
  }
}

export function clientDeps(deps: ClientDeps): Deps {
  return {
    clock: deps.clock,
    random: deps.random,
    onRequest: ({ status, durationMs, path, attempt }) => {
      deps.metrics?.request(status ?? 'error')
      deps.logger.debug({ path, status, durationMs: Math.round(durationMs), attempt }, 'request')
    },
    onWarning: ({ message }) => deps.logger.warn(message),
  }
}
