import type { Clock, Random } from '@cf-audit-drain/pipeline'
import type { ApiVersion } from './audit-events-api.ts'
import type { CloudFoundryError, End } from './errors.ts'
import type { RetryPolicy } from './retrying.ts'

/** One foundation, as the operator configured it. */
export interface FoundationOptions {
  /** The operator's name for it; used in messages. */
  readonly name: string
  /** `https://api.sys.example.com`, as `cf api` prints it. */
  readonly api: string
  readonly clientId: string
  /** Empty for a client like `cf`, for which users log in. */
  readonly clientSecret: SecretSource
  /** A user, for whom the client asks. Default: the client speaks for itself (client credentials). */
  readonly login?: UserLogin
  /**
   * Which API shows the audit events. `auto`: v3, unless discovery says that it has none and that v2 is on; asks for discovery before
   * the first of them. Default `v3`.
   */
  readonly apiVersion?: ApiVersion | 'auto'
  /** PEM file of CAs trusted besides Node's own roots; read again when it changes. */
  readonly caFile?: string
  /** Allows plain http:// beyond loopback, secrets and tokens unencrypted. */
  readonly insecure?: boolean
  /** Instead of the UAA that Cloud Controller names. */
  readonly uaa?: string
  /** Requests under way at once, UAA's included. Default 2. */
  readonly maxInFlight?: number
  /** Of a whole request, UAA's included: connecting, headers and body, which has a second more for each 16 KiB that came. Default 60 s. */
  readonly requestTimeoutMs?: number
  /** How long a body may stand still, however much of it came; at most `requestTimeoutMs`. Default 30 s. */
  readonly standstillMs?: number
  /** Of one body, received and unpacked. Default 256 MiB. */
  readonly bodyBytesMax?: number
  readonly retry?: Partial<RetryPolicy>
  /** Default `cf-audit-drain`. */
  readonly userAgent?: string
}

/** A function is called before each token request, so a rotated secret file is followed. */
export type SecretSource = string | (() => string | Promise<string>)

export type UserLogin =
  | { readonly kind: 'password'; readonly username: string; readonly password: SecretSource }
  /** The token itself, or the whole config.json of the cf CLI. */
  | { readonly kind: 'refresh-token'; readonly refreshToken: SecretSource }

export interface Deps {
  readonly clock: Clock
  readonly random: Random
  /** After every request, whatever came of it. */
  readonly onRequest?: (request: RequestInfo) => void
  /** Before a request is repeated, and when a changed CA file cannot be used. One sentence, no secrets. */
  readonly onWarning?: (warning: Warning) => void
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read; default process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface RequestInfo {
  readonly end: End
  readonly method: 'GET' | 'POST'
  /** Without the query: a label of few values. */
  readonly path: string
  /** Null when there was no whole answer. */
  readonly status: number | null
  /** The error's class when there was no whole answer. */
  readonly error: string | null
  readonly durationMs: number
  /** Of the decoded body. */
  readonly bytes: number
  /** 1 for the first; of token requests always 1. */
  readonly attempt: number
  readonly requestId: string
}

export interface Warning {
  readonly message: string
  /** The error that makes a request be repeated. */
  readonly error: CloudFoundryError | null
}
