import type { Deps, FoundationOptions, UserLogin } from '@cf-audit-drain/cloud-foundry'
import type { FoundationConfig, UserLoginConfig } from '@cf-audit-drain/config'
import type { Clock, Random } from '@cf-audit-drain/pipeline'
import type { FoundationMetrics, Logger } from '@cf-audit-drain/runtime'
import { secretSource } from './secret-source.ts'

export interface ClientDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: FoundationMetrics | null
}

/** How both clients of a foundation, the one for events and the one for names, ask. */
export function clientOptions(config: FoundationConfig): FoundationOptions {
  return {
    name: config.name,
    api: config.api,
    clientId: config.clientId,
    clientSecret: secretSource(config.clientSecret, config.clientSecretFile),
    ...(config.login === null ? {} : { login: loginOf(config.login) }),
    apiVersion: config.apiVersion,
    ...(config.caFile === null ? {} : { caFile: config.caFile }),
    insecure: config.insecure,
    requestTimeoutMs: config.requestTimeoutMs,
  }
}

function loginOf(login: UserLoginConfig): UserLogin {
  return login.kind === 'password'
    ? {
        kind: 'password',
        username: login.username,
        password: secretSource(login.password, login.passwordFile),
      }
    : { kind: 'refresh-token', refreshToken: secretSource(login.refreshToken, login.refreshTokenFile) }
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
