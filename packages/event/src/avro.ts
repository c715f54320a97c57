import type { AuditEvent } from './audit-event.ts'
import { auditEventSchemas } from './schema-files.ts'
import { singleObjectCodec } from './single-object.ts'

const codec = singleObjectCodec(auditEventSchemas())

/** Of the schema that is written, in hex as it stands in the bytes. */
export const auditEventFingerprint: string = codec.fingerprint

/**
 * Avro single-object encoding; the schema is the newest of `schemas/`. Strings must be well formed
 * (`parseAuditEvent` sees to it): the library would write half a surrogate pair as bytes that are no UTF-8. Integers are
 * exact up to 2^52.
 */
export function encodeAuditEvent(event: AuditEvent): Uint8Array {
  return codec.encode(event)
}

/** Reads every version ever written. Throws UndecodableEventError, whose message says what is wrong with the bytes. */
export function decodeAuditEvent(bytes: Uint8Array): AuditEvent {
  const record = codec.decode(bytes) as AuditEvent
  const { actor, target } = record
  // Plain objects in place of the record classes of the Avro library, so that events compare and print as such.
  return {
    foundation: record.foundation,
    guid: record.guid,
    type: record.type,
    createdAt: record.createdAt,
    actor: actor === null ? null : { guid: actor.guid, type: actor.type, name: actor.name },
    target: target === null ? null : { guid: target.guid, type: target.type, name: target.name },
    spaceGuid: record.spaceGuid,
    organizationGuid: record.organizationGuid,
    data: record.data,
    scrubPolicy: record.scrubPolicy,
    scrubbedPaths: record.scrubbedPaths,
    crashId: record.crashId,
    provenance: record.provenance,
    receivedAtMs: record.receivedAtMs,
  }
}
