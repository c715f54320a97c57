import type { AnswerHeaders } from './exchange.ts'

/** X-RateLimit-* of Cloud Controller's general rate limiter or that of v2, whichever has less left, as last seen. */
export interface RateLimit {
  readonly limit: number
  /** An estimate in steps of a tenth of the limit. */
  readonly remaining: number
  /** Seconds since the epoch, by their clock. */
  readonly resetSec: number
}

export function rateLimitOf(headers: AnswerHeaders): RateLimit | null {
  const [general, ofV2] = [limitBehind(headers, ''), limitBehind(headers, v2Suffix)]
  if (general === null || ofV2 === null) return general ?? ofV2
  return ofV2.remaining / ofV2.limit < general.remaining / general.limit ? ofV2 : general
}

/** v2 has a limiter of its own, beside the general one. */
const v2Suffix = '-v2-api'

function limitBehind(headers: AnswerHeaders, suffix: string): RateLimit | null {
  const limit = wholeNumber(headers.get(`x-ratelimit-limit${suffix}`))
  const remaining = wholeNumber(headers.get(`x-ratelimit-remaining${suffix}`))
  const resetSec = wholeNumber(headers.get(`x-ratelimit-reset${suffix}`))
  return limit === null || remaining === null || resetSec === null ? null : { limit, remaining, resetSec }
}

/** Milliseconds to wait by Retry-After (RFC 9110 §10.2.3: seconds or a date), or null. `theirNowMs`: their clock. */
export function retryAfterMs(headers: AnswerHeaders, theirNowMs: number): number | null {
  const value = headers.get('retry-after')?.trim()
  if (!value) return null
  const seconds = wholeNumber(value)
  if (seconds !== null) return seconds * 1000
  const atMs = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN
  return Number.isFinite(atMs) ? Math.max(0, atMs - theirNowMs) : null
}

/** For a 429: Retry-After, else the reset of the rate-limit window, else null. */
export function rateLimitedForMs(headers: AnswerHeaders, theirNowMs: number): number | null {
  const told = retryAfterMs(headers, theirNowMs)
  if (told !== null) return told
  const reset = rateLimitOf(headers)?.resetSec ?? wholeNumber(headers.get('x-ratelimit-reset'))
  return reset === null ? null : Math.max(0, reset * 1000 - theirNowMs)
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text.trim()) ? Number(text) : null
}
