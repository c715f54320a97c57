import type { LoggedState } from './read-ends.ts'

/** What is under test: the processes of the command, and the log between them. */
export interface Subject {
  start(): void
  /** Resolves when everything that was started answers, or has ended. */
  listening(): Promise<void>
  /** False as soon as something that was started has ended by itself. */
  readonly alive: boolean
  /** Whether it says itself that everything visible is in the log and delivered. */
  isDone(): Promise<boolean>
  /** What the log holds, by a program that is not ours. */
  logged(): Promise<LoggedState>
  /** How many frames may have arrived beyond the first of each event. */
  doubledMax(): number
  /** SIGTERM. Throws unless everything ends well and in time. */
  stop(): Promise<void>
  abandon(): Promise<void>
}
