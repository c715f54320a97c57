export { canBeLookedUp, lookupGuidsMax } from './asked-by-guid.ts'
export type { ApiVersion } from './audit-events-api.ts'
export {
  countableGuids,
  countedGuidsMax,
  type EventWindow,
  perPageMax,
  type TimeWindow,
} from './audit-events-path.ts'
export {
  type AuditEventPage,
  type CloudController,
  cloudController,
  type RightsLook,
} from './cloud-controller.ts'
export { Connections } from './connections.ts'
export type { Discovery } from './discovery.ts'
export {
  AnswerTooLargeError,
  ApiUnavailableError,
  BrokenAnswerError,
  CloudFoundryError,
  CredentialsError,
  type End,
  NotCloudControllerError,
  NotPermittedError,
  RateLimitedError,
  RefusedError,
  RefusedUrlError,
  ServerError,
  UnreachableError,
} from './errors.ts'
export { type Answer, exchange } from './exchange.ts'
export { type Identity, identityText } from './identity.ts'
export { linkedAbort } from './linked-abort.ts'
export {
  type LookupAnswer,
  type LookupCollection,
  lookupBytesMax,
  type NameLookups,
  nameLookups,
  type TypedEventsQuery,
} from './name-lookups.ts'
export type { Deps, FoundationOptions, RequestInfo, UserLogin, Warning } from './options.ts'
export { parsedObject } from './parsed-object.ts'
export { Redaction } from './redaction.ts'
export type { RateLimit } from './retry-after.ts'
export type { RetryPolicy } from './retrying.ts'
export { type Rights, type Sees, seesWith } from './rights.ts'
export {
  type StateCollection,
  type StateDocument,
  type StateLookups,
  type StatePage,
  stateLookups,
} from './state-lookups.ts'
export { type ShownTask, type TaskLookups, taskLookups } from './task-lookups.ts'
export type { IssuedToken } from './token-answer.ts'
export { TokenEndpoint, type TokenEndpointOptions } from './token-endpoint.ts'
export type { TokenSource } from './token-keeper.ts'
export { Trust } from './trust.ts'
