import type { Clock, Random } from '@cf-audit-drain/pipeline'
import type { Memberships } from './access.ts'
import type { CollectionStore } from './collections.ts'
import type { FaultPlan } from './faults.ts'
import type { ShownPage, ShownRow } from './history.ts'
import type { RateLimit } from './rate-limiter.ts'
import type { RequestCounters } from './request-counters.ts'
import type { SimulatedRow } from './simulated-row.ts'
import type { Tasks } from './tasks.ts'
import type { TokenClaims } from './token-issuer.ts'
import type { SimulatedClient, SimulatedUser } from './uaa.ts'

export interface SimulatorOptions {
  readonly clock?: Clock
  readonly random?: Random
  /** Of the Cloud Controller; default 0, a free one. */
  readonly port?: number
  readonly uaaPort?: number
  /** The name or address to listen on, which is in the URLs too. Default 127.0.0.1. */
  readonly host?: string
  /** PEM; both servers then speak https only. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** The first is `clientId`, `clientSecret`. Default: `cf-audit-drain` with `cloud_controller.global_auditor`. */
  readonly clients?: readonly SimulatedClient[]
  /** Who may log in with a password or a refresh token, by the client `cf` (whose secret is empty) or any other. */
  readonly users?: readonly SimulatedUser[]
  /** Whether a refresh token is good for one use, and another comes with each token. Default false. */
  readonly rotateRefreshTokens?: boolean
  /** By user guid or client id; who has a global scope needs none. */
  readonly memberships?: Readonly<Record<string, Memberships>>
  /** What the clean-up keeps. Default 31. */
  readonly retentionDays?: number
  /** Default: none. */
  readonly rateLimit?: RateLimit
  /** Default 43,199. */
  readonly tokenLifetimeSec?: number
  /** Hosts in the links, where they are to differ from those it listens on. */
  readonly externalUrl?: string
  readonly externalUaaUrl?: string
  readonly externalLoginUrl?: string
  /** Whether `/v2/events` is served; off, it is nginx's 404. Default false. */
  readonly v2?: boolean
  /** Whether there is `/v3/audit_events`. Default true. */
  readonly v3AuditEvents?: boolean
  /** Keeps the guids of every answered page (`shownPages`). Default true; switch off for a million rows. */
  readonly keepPages?: boolean
  /** See HistoryOptions.file. */
  readonly historyFile?: string
  /** Milliseconds every answer is late by, on top of the real work. Default 0. */
  readonly latencyMs?: number
}

export interface Foundation {
  /** `http://127.0.0.1:PORT` unless another host was asked for, without a slash at the end. */
  readonly api: string
  readonly uaa: string
  readonly clientId: string
  readonly clientSecret: string
  readonly clock: Clock
  readonly random: Random
  readonly faults: FaultPlan
  readonly requests: RequestCounters
  /** Objects of the other collections (`/v3/apps`, …). */
  readonly collections: CollectionStore
  /** Of the `audit.app.task.create` events, and others. */
  readonly tasks: Tasks
  /** Milliseconds by which the foundation's clocks are off. */
  skewMs: number
  /** Throws when a guid is in the table already. Returns the guids, in the rows' order. */
  insert(rows: Iterable<SimulatedRow>): readonly string[]
  /** Removes rows by guid; unknown ones are ignored. Returns how many went. */
  delete(guids: Iterable<string>): number
  /** These rows are counted and never shown, from now on and no others: what a collector can only tell by the count. */
  countOnly(guids: Iterable<string>): void
  truncate(): void
  /** The table is again as it was at that moment of the simulator's clock. Returns how many rows went and came back. */
  restore(toMs: number): { readonly removed: number; readonly returned: number }
  /** Puts rows back that were deleted; unknown ones are ignored. Returns how many came back. */
  undelete(guids: Iterable<string>): number
  /** Removes what is older than the retention, at most `limit` rows (default all). Returns how many went. */
  runCleanUp(limit?: number): number
  /** The truth: every row that could ever be seen, deleted ones too. */
  shown(): readonly ShownRow[]
  /** Every page of audit events that was answered; empty unless `keepPages`. */
  shownPages(): readonly ShownPage[]
  /** From the next token on; `id` is that of a client, or the guid of a user. */
  setScopes(id: string, scopes: readonly string[]): void
  /** From the next request on. */
  setMemberships(id: string, memberships: Memberships): void
  /** As `cf login` would get it. */
  refreshToken(userGuid: string, clientId?: string): string
  /** No refresh token is good any more. */
  revokeRefreshTokens(): void
  /** An access token for anyone, past UAA. */
  token(claims: TokenClaims): string
  /** Refuses connections to UAA until the time is over. Resolves when it is back. */
  uaaAway(durationMs: number): Promise<void>
  /** JSON text of a row that is in the table. */
  text(guid: string): string | null
  close(): Promise<void>
}
