/** Which end of the foundation an error is about. */
export type End = 'UAA' | 'Cloud Controller'

/** Also one that belongs to no foundation. */
export type AnyEnd = End | 'token endpoint' | 'schema registry'

/** What every error of this package knows. None of it is secret. */
export interface FaultFacts {
  /** The operator's name of the foundation; null for an end that belongs to none. */
  readonly foundation: string | null
  readonly end: AnyEnd
  /** As sent in X-Vcap-Request-Id: Cloud Controller's and the gorouter's logs hold it. */
  readonly requestId?: string
  /** HTTP status, where there was an answer. */
  readonly status?: number
  /** Cloud Controller's or UAA's code ("10003", "unauthorized") or the system's ("ECONNREFUSED"). */
  readonly code?: string
}

/**
 * The closed set of what can go wrong between this program and a foundation. The message is one sentence: which end,
 * what, and what to do. No error carries a secret, a token or a `cause`.
 * The only other things thrown are the caller's own abort reason and a RangeError for a query that makes no sense.
 */
export abstract class CloudFoundryError extends Error {
  readonly foundation: string | null
  readonly end: AnyEnd
  readonly requestId: string | null
  readonly status: number | null
  readonly code: string | null
  /** The same request may succeed later without anybody doing anything. */
  abstract readonly retryable: boolean

  constructor(sentence: string, facts: FaultFacts) {
    const request = facts.requestId ? ` (request id ${facts.requestId})` : ''
    const whose = facts.foundation === null ? '' : `foundation "${facts.foundation}": `
    super(`${whose}${sentence}${request}`)
    this.foundation = facts.foundation
    this.end = facts.end
    this.requestId = facts.requestId ?? null
    this.status = facts.status ?? null
    this.code = facts.code ?? null
  }
}

/** No answer at all: DNS, refused, reset, timed out, TLS not trusted, the proxy said no. */
export class UnreachableError extends CloudFoundryError {
  override readonly name = 'UnreachableError'
  /** False where only the operator can mend it: certificates, a CA file, a proxy's password. */
  readonly retryable: boolean

  constructor(sentence: string, facts: FaultFacts & { readonly retryable: boolean }) {
    super(sentence, facts)
    this.retryable = facts.retryable
  }
}

/** UAA refuses the client, or Cloud Controller refuses a token that UAA has only just issued. */
export class CredentialsError extends CloudFoundryError {
  override readonly name = 'CredentialsError'
  readonly retryable = false
}

/** The client is known but lacks the scope (403). */
export class NotPermittedError extends CloudFoundryError {
  override readonly name = 'NotPermittedError'
  readonly retryable = false
}

/** 429, or the end of a known rate-limit window is further away than the caller's patience. */
export class RateLimitedError extends CloudFoundryError {
  override readonly name = 'RateLimitedError'
  readonly retryable = true
  /** When a request will be tried again: when the answer allows it, but after 15 minutes at most; null when it did not say. */
  readonly retryAfterMs: number | null

  constructor(sentence: string, facts: FaultFacts & { readonly retryAfterMs: number | null }) {
    super(sentence, facts)
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** What answers there is not what was expected: a wrong URL, a login page, Korifi, a redirect. */
export class NotCloudControllerError extends CloudFoundryError {
  override readonly name = 'NotCloudControllerError'
  readonly retryable = false
}

/** The API of `apiVersion` is not there: /v2 switched off, or no audit events in /v3. */
export class ApiUnavailableError extends CloudFoundryError {
  override readonly name = 'ApiUnavailableError'
  readonly retryable = false
}

/** A URL that is refused before anything is connected: not a URL, or plain http:// beyond this machine. */
export class RefusedUrlError extends CloudFoundryError {
  override readonly name = 'RefusedUrlError'
  readonly retryable = false
}

/** The request itself was refused for good (4xx other than 401, 403, 404, 429). */
export class RefusedError extends CloudFoundryError {
  override readonly name = 'RefusedError'
  readonly retryable = false
}

/** An answer came, but not a whole one or not a sound one. Nothing of it counts. */
export class BrokenAnswerError extends CloudFoundryError {
  override readonly name = 'BrokenAnswerError'
  readonly retryable = true
}

/** The body is longer than `bodyBytesMax`, or the page would have more rows than the API gives: ask for fewer rows. */
export class AnswerTooLargeError extends CloudFoundryError {
  override readonly name = 'AnswerTooLargeError'
  readonly retryable = false
  /** How many rows a page may have, where that is known. */
  readonly rowsMax: number | null

  constructor(sentence: string, facts: FaultFacts & { readonly rowsMax?: number }) {
    super(sentence, facts)
    this.rowsMax = facts.rowsMax ?? null
  }
}

/** 5xx, and the gorouter's 404 while Cloud Controller's route is gone. */
export class ServerError extends CloudFoundryError {
  override readonly name = 'ServerError'
  readonly retryable = true
  /** From Retry-After; null without one. */
  readonly retryAfterMs: number | null

  constructor(sentence: string, facts: FaultFacts & { readonly retryAfterMs: number | null }) {
    super(sentence, facts)
    this.retryAfterMs = facts.retryAfterMs
  }
}
