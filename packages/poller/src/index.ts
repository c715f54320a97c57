export { type Checkpoint, CheckpointUnreadableError } from './checkpoint.ts'
export {
  type ApiDifference,
  ApiUnsteadyError,
  type ComparedApis,
  compareApis,
  isEqual,
} from './compare-apis.ts'
export type { Deadline } from './deadline.ts'
export type { EventNaming } from './event-naming.ts'
export type { WindowsInNews } from './ledger-news.ts'
export { type PollerOptions, pollerDefaults, type Sweep } from './options.ts'
export { Poller, type PollerDeps } from './poller.ts'
export type { PollerStatus } from './poller-status.ts'
export type { StateReading, StateReadingSession } from './read-states.ts'
export type { NarrowedRights } from './rights-guard.ts'
export { NotEverythingVisibleError } from './rights-watch.ts'
export type { ComparedWindow, PollerObserver } from './session.ts'
export type { FollowingSession, TaskFollowing } from './task-following.ts'
export type { Verified } from './verify.ts'
