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

/** One thing that an event speaks of, by the name it had then. */
export interface NamedThing {
  /** `service_instance`, `service_plan`, `service_offering`, `service_broker`, `route`, `app`, `space`, `organization`, `user`. */
  readonly kind: string
  readonly guid: string
  readonly name: string
}

/**
 * A name that the event had to go without. `reason`: `absent` (Cloud Controller does not show it: deleted before anybody
 * asked, or hidden from this client), `renamed` (only a later name is known), `late` (no answer in time), `forbidden`,
 * `rate-limited`, `unavailable`, `not-asked` (`names: events`), `unknown-form` (no guid that can be asked for).
 */
export interface UnresolvedName {
  readonly kind: string
  readonly guid: string
  readonly reason: string
}

/** How the things an event speaks of were called when it happened: looked up once, at ingest, for later nobody can know. */
export interface EventNames {
  /** The user name, also of a user without an e-mail; the id of a client. */
  readonly actor: string | null
  /** `client` for a UAA client, which Cloud Controller calls a user; `unknown` for its stand-ins for nobody; else the actor's type. */
  readonly actorKind: string
  readonly organization: string | null
  readonly space: string | null
  /** The app that the event is about, also where Cloud Controller names its process as the target. */
  readonly appGuid: string | null
  /** As the event calls it, else as it was found. */
  readonly app: string | null
  /** What people call the target where `target.name` is not that, or is empty: the URL of a route, the plan of a visibility. */
  readonly target: string | null
  /** What else `data` speaks of. */
  readonly related: readonly NamedThing[]
  /** Empty: every name is there. */
  readonly unresolved: readonly UnresolvedName[]
}

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
  /** Null when names were not looked for: `names: off`, and every event of schema version 1. */
  readonly names: EventNames | null
}
