import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { type CloudController, cloudController } from '../cloud-controller.ts'
import type { Deps, FoundationOptions } from '../options.ts'

export const secret = 's3cret:100%/of+it'
export const never = new AbortController().signal
export const quickRetry = { firstDelayMs: 2, maxDelayMs: 10 }

/** A client with waits made short. */
export function clientOf(
  origin: string,
  options: Partial<FoundationOptions> = {},
  deps: Partial<Deps> = {},
): CloudController {
  return cloudController(
    {
      name: 'prod',
      api: origin,
      clientId: 'cf-audit-drain',
      clientSecret: secret,
      requestTimeoutMs: 2000,
      standstillMs: 2000,
      ...options,
      retry: { ...quickRetry, ...options.retry },
    },
    { clock: systemClock, random: seededRandom(1), env: {}, ...deps },
  )
}
