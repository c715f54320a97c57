/** Who acted. `guid` need not be a UUID: UAA clients are arbitrary strings, and "system", "UNKNOWN" occur. */
export interface Actor {
  readonly guid: string
  /** `user`, `process`, `app`, `service_broker`, `system`, … A UAA client says `user`. */
  readonly type: string
  /** The e-mail of a user; empty for clients and users without one. */
  readonly name: string
  /** The user name (`actor_username`), which only `/v2/events` shows; absent where there is none. */
  readonly username?: string
}

/** What was acted on. `guid` need not be a UUID; `name` may be empty. */
export interface Target {
  readonly guid: string
  readonly type: string
  readonly name: string
}

/**
 * Where the event stands to the life of this installation; decides alerting, never the event's age.
 * `live`: at or after the baseline fixed at the first start, however late it came. `backfill`: before it.
 * `replay`: sent again by the operator.
 */
export type Provenance = 'live' | 'backfill' | 'replay'

/** One audit event in its normal form: parsed once at the edge, never re-parsed, never changed after. */
export interface AuditEvent {
  /** The operator's name of the Cloud Foundry foundation. */
  readonly foundation: string
  /** The identity. Unique within a foundation. */
  readonly guid: string
  /** Free text; see the catalogue for the known ones. */
  readonly type: string
  /** As Cloud Controller wrote it: `YYYY-MM-DDThh:mm:ssZ`. */
  readonly createdAt: string
  readonly actor: Actor | null
  readonly target: Target | null
  readonly spaceGuid: string | null
  readonly organizationGuid: string | null
  /** JSON text of the event's `data`, byte for byte as received but for what was scrubbed. */
  readonly data: string
  /** Version of the scrubbing policy that was applied. */
  readonly scrubPolicy: number
  /** JSON pointers (RFC 6901) into `data`, of what was replaced by a fingerprint. */
  readonly scrubbedPaths: readonly string[]
  /** The same for the two events (`app.crash`, `audit.app.process.crash`) of one crash; else null. */
  readonly crashId: string | null
  readonly provenance: Provenance
  /** When this program first saw it, milliseconds since the epoch. */
  readonly receivedAtMs: number
}
