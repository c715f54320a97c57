import type { AuditEvent, OwnEvent } from '@cf-audit-drain/event'
import type { NameRecord } from '@cf-audit-drain/log'
import { eventsBetween } from './events-between.ts'
import type { Range } from './range.ts'
import { mayClose, type Session } from './session.ts'

/** What reading states needs of the session. */
export interface StateReadingSession {
  /** Records events of our own and changes what is kept, all of it or nothing. Rejects when the session is over. */
  tell(events: readonly OwnEvent[], kept: readonly NameRecord[]): Promise<unknown>
  /** What `tell` has kept under keys that begin so. */
  kept(start: string): Iterable<readonly [key: string, value: string]>
  /** Does the client see as much as it ever did? To be asked after what is not shown was not shown. */
  mayClose(signal: AbortSignal): Promise<boolean>
  seesEverything(): boolean
  /** In Cloud Controller's clock. */
  nowSec(): number
  /** Whether that time has been read, and has been passed by the overlap. */
  isRead(range: Range): boolean
  /** What the log holds of Cloud Controller's events of that time; null for one that was pruned. */
  events(range: Range): AsyncIterable<AuditEvent | null>
}

/**
 * Who reads what Cloud Controller is set to, and tells what changed. Beside the polling: nothing of it delays an event, and
 * what Cloud Controller does wrong is its own affair. Made anew for each session; left out, no states are read.
 */
export interface StateReading {
  /** Until aborted. Rejects with what `tell` rejects with. */
  run(session: StateReadingSession, signal: AbortSignal): Promise<void>
  /** For /status. */
  status(): readonly object[]
}

/** Nothing, where no states are read. */
export async function readStates(
  states: StateReading | undefined,
  session: Session,
  seesEverything: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { recorder } = session
  await states?.run(
    {
      tell: (events, kept) => recorder.tell(events, kept),
      kept: start => recorder.kept.beginningWith(start),
      mayClose: asking => mayClose(session, asking),
      seesEverything,
      nowSec: () => session.nowSec(),
      isRead: range => isRead(recorder.checkpoint, range),
      events: range => eventsBetween(recorder, range),
    },
    signal,
  )
}

function isRead(
  { tailFromSec, unread }: Session['recorder']['checkpoint'],
  { fromSec, toSec }: Range,
): boolean {
  return tailFromSec >= toSec && !unread.some(range => range.fromSec < toSec && range.toSec > fromSec)
}
