import type { AuditEvent, OwnEvent } from '@cf-audit-drain/event'
import type { NameRecord } from '@cf-audit-drain/log'
import type { Span } from './observed.ts'

/** What reading states needs of the session that records what it tells. */
export interface StateSession {
  /** Records events of our own and changes what is kept, all of it or nothing. Resolves when it is durable. */
  tell(events: readonly OwnEvent[], kept: readonly NameRecord[]): Promise<unknown>
  /** What `tell` has kept under keys that begin so. */
  kept(start: string): Iterable<readonly [key: string, value: string]>
  /** Does the client see as much as it ever did? To be asked after what is not shown was not shown. */
  mayClose(signal: AbortSignal): Promise<boolean>
  /** Whether the client sees every space. */
  seesEverything(): boolean
  /** Now, in Cloud Controller's clock. */
  nowSec(): number
  /** Whether the audit events of that time have been read, those that come late included. */
  isRead(span: Span): boolean
  /** The audit events of that time in the log; null for one whose content is not kept any more. */
  events(span: Span): AsyncIterable<AuditEvent | null>
}
