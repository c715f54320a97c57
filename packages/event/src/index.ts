export * from './audit-event.ts'
export { decodeAuditEvent, encodeAuditEvent, unknownSchema } from './avro.ts'
export { type StateKind, stateKinds } from './catalogue/state-kind.ts'
export { catalogue, type EventType, eventType } from './catalogue.ts'
export { describeEvent } from './describe.ts'
export { outcomeOf } from './outcome-of.ts'
export {
  isOwnGuid,
  isOwnType,
  type OwnEvent,
  ownActor,
  ownGuid,
  rawOwnEvent,
} from './own-event.ts'
export { MalformedEventError, type ParseContext, parseAuditEvent } from './parse-audit-event.ts'
export { targetsProcess } from './process-target.ts'
export {
  MalformedPageError,
  type RawEvent,
  type RawPage,
  rawCreatedAtSec,
  rawGuid,
  splitEventPage,
  timestampSec,
} from './raw-event.ts'
export { splitV2EventPage } from './raw-v2-event.ts'
export {
  type ReleasedSchema,
  readingObstacle,
  releasedSchemas,
  schemaFingerprint,
} from './released-schemas.ts'
export { createScrubber, type Scrubber } from './scrub/scrubber.ts'
export { UndecodableEventError } from './single-object.ts'
