import type { EventLog, LogEntry } from '../ports.ts'

/** One durable log under test, and the power to pull the plug on whoever has it open. */
export interface LogHarness {
  /** Opens the one log of this harness, new at first, for writing. */
  open(): Promise<EventLog>
  /**
   * What a kill -9 does to the process that has `log` open: nothing is closed or flushed, and its locks are gone.
   * `log` is not used after. The next `open` finds what the kill left.
   */
  crash(log: EventLog): Promise<void>
  /** An entry the adapter begins to store and fails on, after those before it in the batch. */
  readonly unstorable: LogEntry
  /** Closes what is open and removes the log. */
  dispose(): Promise<void>
}
