import type { AuditEvent, OwnEvent } from '@cf-audit-drain/event'
import type { NameRecord } from '@cf-audit-drain/log'
import { mayClose, type Session } from './session.ts'

/** What following needs of the session. */
export interface FollowingSession {
  /** Records events of our own and changes what is kept, all of it or nothing. Rejects when the session is over. */
  tell(events: readonly OwnEvent[], kept: readonly NameRecord[]): Promise<unknown>
  /** Does the client see as much as it ever did? To be asked after what is not shown was not shown. */
  mayClose(signal: AbortSignal): Promise<boolean>
  seesEverything(): boolean
  /** What was seen before may be hidden since, for the operator has accepted that less is seen. In Cloud Controller's clock. */
  acceptedSec(): number
  /** In Cloud Controller's clock. */
  nowSec(): number
}

/**
 * Who finds out what became of the tasks that events say were created. Beside the polling: nothing of it delays an event, and what
 * Cloud Controller does wrong is its own affair.
 */
export interface TaskFollowing {
  /** What `takeChanges` and `tell` have kept, when a writer was opened. */
  restore(kept: Iterable<readonly [key: string, value: string]>): void
  /** An event that the log does not hold, right before it is published with what `takeChanges` gives then. */
  met(event: AuditEvent): void
  /** What is to be kept with the next events; keys begin with `task `. */
  takeChanges(): readonly NameRecord[]
  /** Until aborted. Rejects with what `tell` rejects with. */
  run(session: FollowingSession, signal: AbortSignal): Promise<void>
}

/** Nothing, where no tasks are followed. */
export async function followTasks(
  tasks: TaskFollowing | undefined,
  session: Session,
  seesEverything: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  await tasks?.run(
    {
      tell: (events, kept) => session.recorder.tell(events, kept),
      mayClose: asking => mayClose(session, asking),
      seesEverything,
      acceptedSec: () => session.recorder.checkpoint.acceptedSec ?? 0,
      nowSec: () => session.nowSec(),
    },
    signal,
  )
}
