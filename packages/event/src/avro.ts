import type { Actor, AuditEvent, EventNames } from './audit-event.ts'
import { auditEventSchemas } from './schema-files.ts'
import { singleObjectCodec } from './single-object.ts'

const schemas = auditEventSchemas()
const codec = singleObjectCodec(schemas)
const firstVersion = singleObjectCodec(schemas.slice(0, 1))

/** Of the schema that is written, in hex as it stands in the bytes. */
export const auditEventFingerprint: string = codec.fingerprint

/**
 * Avro single-object encoding. The schema is the newest of `schemas/`; an event without names and user name is written by version 1,
 * byte for byte as before there were any, so that programs that know no later version read on. Strings must be well formed
 * (`parseAuditEvent` sees to it): the library would write half a surrogate pair as bytes that are no UTF-8. Integers are
 * exact up to 2^52.
 */
export function encodeAuditEvent(event: AuditEvent): Uint8Array {
  const needsNewest = event.names !== null || event.actor?.username !== undefined
  return (needsNewest ? codec : firstVersion).encode(event)
}

/** The fingerprint of the schema that the bytes say they are written by, where it is none of ours; else null. */
export const unknownSchema = (bytes: Uint8Array): string | null =>
  firstVersion.wrote(bytes) ? null : codec.unknownSchema(bytes)

/** Reads every version ever written. Throws UndecodableEventError, whose message says what is wrong with the bytes. */
export function decodeAuditEvent(bytes: Uint8Array): AuditEvent {
  // Its own schema reads version 1 half again as fast as the newest does, and lacks nothing that is not filled in here.
  const record = (firstVersion.wrote(bytes) ? firstVersion : codec).decode(bytes) as AuditEvent
  const { actor, target } = record
  // Plain objects in place of the record classes of the Avro library, so that events compare and print as such.
  return {
    foundation: record.foundation,
    guid: record.guid,
    type: record.type,
    createdAt: record.createdAt,
    actor: actor === null ? null : plainActor(actor),
    target: target === null ? null : { guid: target.guid, type: target.type, name: target.name },
    spaceGuid: record.spaceGuid,
    organizationGuid: record.organizationGuid,
    data: record.data,
    scrubPolicy: record.scrubPolicy,
    scrubbedPaths: record.scrubbedPaths,
    crashId: record.crashId,
    provenance: record.provenance,
    receivedAtMs: record.receivedAtMs,
    names: record.names == null ? null : plainNames(record.names),
  }
}

function plainNames(names: EventNames): EventNames {
  return {
    actor: names.actor,
    actorKind: names.actorKind,
    organization: names.organization,
    space: names.space,
    appGuid: names.appGuid,
    app: names.app,
    target: names.target,
    related: names.related.map(({ kind, guid, name }) => ({ kind, guid, name })),
    unresolved: names.unresolved.map(({ kind, guid, reason }) => ({ kind, guid, reason })),
  }
}

/** Avro has null where the event has nothing. */
function plainActor({ guid, type, name, username }: Actor): Actor {
  return typeof username === 'string' ? { guid, type, name, username } : { guid, type, name }
}
