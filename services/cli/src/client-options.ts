import { readFileSync } from 'node:fs'
import type { Deps, FoundationOptions, UserLogin } from '@cf-audit-drain/cloud-foundry'
import {
  type FoundationConfig,
  readSecretFile,
  type Secret,
  type UserLoginConfig,
} from '@cf-audit-drain/config'
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
  return {
    name: config.name,
    api: config.api,
    clientId: config.clientId,
    clientSecret: sourceOf(config.clientSecret, config.clientSecretFile),
    ...(config.login === null ? {} : { login: loginOf(config.login) }),
    apiVersion: config.apiVersion,
    ...(config.caFile === null ? {} : { caFile: config.caFile }),
    insecure: config.insecure,
    requestTimeoutMs: config.requestTimeoutMs,
  }
}

/** From its file, if it has one, as it is then. */
function sourceOf(secret: Secret, file: string | null): () => string {
  return () => (file === null ? secret : readSecretFile(file, path => readFileSync(path, 'utf8'))).reveal()
}

function loginOf(login: UserLoginConfig): UserLogin {
  return login.kind === 'password'
    ? { kind: 'password', username: login.username, password: sourceOf(login.password, login.passwordFile) }
    : { kind: 'refresh-token', refreshToken: sourceOf(login.refreshToken, login.refreshTokenFile) }
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
