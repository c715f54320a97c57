import { createHash } from 'node:crypto'
import type { Answer } from './answer.ts'
import { railsJson } from './rails-json.ts'
import type { Identity } from './token-issuer.ts'

export interface RateLimit {
  /** Requests a client may make in one interval. */
  readonly generalLimit: number
  /** Of everyone without a valid token together. Default 100. */
  readonly unauthenticatedLimit?: number
  /** Default 60. */
  readonly resetIntervalMinutes?: number
}

export interface RateVerdict {
  readonly headers: Readonly<Record<string, string>>
  readonly allowed: boolean
}

const exemptScopes = ['cloud_controller.admin', 'cloud_controller.admin_read_only']
const exemptPaths: readonly string[] = ['/', '/v3', '/v2/info', '/healthz']
const unlimited: RateVerdict = { headers: {}, allowed: true }

/** Counts requests per user as Cloud Controller's general limiter does; each user's interval starts elsewhere. */
export class RateLimiter {
  readonly #limit: RateLimit
  readonly #nowMs: () => number
  readonly #counts = new Map<string, { resetSec: number; count: number }>()

  constructor(limit: RateLimit, nowMs: () => number) {
    this.#limit = limit
    this.#nowMs = nowMs
  }

  verdict(pathAndQuery: string, identity: Identity | null): RateVerdict {
    if (exemptPaths.includes(pathAndQuery)) return unlimited
    if (exemptScopes.some(scope => identity?.scopes.has(scope))) return unlimited
    const limit = identity ? this.#limit.generalLimit : (this.#limit.unauthenticatedLimit ?? 100)
    const counter = this.#counter(identity?.userGuid ?? '127.0.0.1')
    counter.count++
    const tenths = Math.floor(((limit - counter.count) / limit) * 10)
    const headers = {
      'X-RateLimit-Limit': String(limit),
      'X-RateLimit-Remaining': String(Math.max(0, Math.floor((tenths * limit) / 10))),
      'X-RateLimit-Reset': String(counter.resetSec),
    }
    if (counter.count <= limit) return { headers, allowed: true }
    const retryAfterSec = Math.max(1, counter.resetSec - Math.floor(this.#nowMs() / 1000))
    return { headers: { 'Retry-After': String(retryAfterSec), ...headers }, allowed: false }
  }

  #counter(key: string): { resetSec: number; count: number } {
    const nowSec = this.#nowMs() / 1000
    const counter = this.#counts.get(key)
    if (counter !== undefined && counter.resetSec > nowSec) return counter
    const intervalSec = (this.#limit.resetIntervalMinutes ?? 60) * 60
    const offsetSec = createHash('sha256').update(key).digest().readUInt32BE() % intervalSec
    const resetSec = (Math.floor((nowSec - offsetSec) / intervalSec) + 1) * intervalSec + offsetSec
    const fresh = { resetSec, count: 0 }
    this.#counts.set(key, fresh)
    return fresh
  }
}

/** 429 as recorded: JSON said to be text. */
export function tooManyRequests(
  headers: Readonly<Record<string, string>>,
  identity: Identity | null,
): Answer {
  const error = identity
    ? { detail: 'Rate Limit Exceeded', title: 'CF-RateLimitExceeded', code: 10013 }
    : {
        detail:
          'Rate Limit Exceeded: Unauthenticated requests from this IP address have exceeded the limit. Please log in.',
        title: 'CF-IPBasedRateLimitExceeded',
        code: 10014,
      }
  return {
    status: 429,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
    body: [Buffer.from(railsJson({ errors: [error] }))],
  }
}
