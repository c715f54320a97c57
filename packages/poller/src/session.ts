import type { Rights } from '@cf-audit-drain/cloud-foundry'
import type { Checkpoint } from './checkpoint.ts'
import type { CleanUp } from './clean-up.ts'
import type { WindowsInNews } from './ledger-news.ts'
import type { AuditEvents } from './read-segment.ts'
import type { Recorder } from './recorder.ts'
import type { NarrowedRights, RightsGuard } from './rights-guard.ts'
import type { SourceLoss } from './source-status.ts'
import type { Verified } from './verify.ts'

/** A span of time whose guids in the log were compared with those that Cloud Controller shows. */
export interface ComparedWindow {
  readonly fromSec: number
  readonly toSec: number
  /** Rows that Cloud Controller showed. */
  readonly shown: number
  /** Guids the log holds that Cloud Controller no longer shows: deleted there, or cleaned up. */
  readonly heldNotShown: readonly string[]
}

/** What a poller tells about itself; the service makes log lines, metrics and /status of it. */
export interface PollerObserver {
  /**
   * The log is open; null when this foundation was never polled. Before anything is asked of Cloud Foundry. `comparedMs`: when an
   * earlier process last compared the ledger with it, in our clock; null where that is not told any more.
   */
  resumed?(checkpoint: Checkpoint | null, comparedMs: number | null): void
  polled?(poll: { readonly published: number; readonly rows: number; readonly durationMs: number }): void
  failed?(failure: {
    readonly loop: string
    readonly error: Error
    readonly attempt: number
    readonly delayMs: number
  }): void
  /** Live events are in the log: how long each took from its stamp, in seconds of Cloud Controller's clock. */
  ingested?(lagsSec: readonly number[]): void
  /** Equal sets: the window is closed. Otherwise it is passed, and stays on /status. */
  compared?(window: ComparedWindow): void
  /** Rows that were found by a sweep, after the hot overlap had passed them. */
  late?(found: { readonly fromSec: number; readonly toSec: number; readonly published: number }): void
  /** Events came after their time was passed: how old each was, in seconds of Cloud Controller's clock. */
  lateBy?(agesSec: readonly number[]): void
  /** Held in these windows of the ledger and no longer shown, though no clean-up has reached them: each guid once a session. */
  gone?(news: WindowsInNews): void
  /**
   * Cloud Controller counts more in these windows of the ledger than it shows: once, until they are whole again, over restarts too; not
   * at all where the process is killed before the round is over.
   */
  short?(news: WindowsInNews): void
  /** Everything that is counted in windows that were told to be short is held. */
  whole?(news: WindowsInNews): void
  /** Events were lost at their source, and that is in the log as an event of our own. */
  sourceLoss?(loss: SourceLoss): void
  /** So many dead letters may be lost at their source at once that of these it is not known yet which are. */
  lettersLeftOut?(letters: number): void
  /** Events that were told to be lost are shown again. */
  sourceReturned?(returned: Omit<SourceLoss, 'kind'>): void
  /** The ledger was compared with Cloud Controller's counts. */
  verified?(verified: Verified): void
  /** Rows that Cloud Controller counts in a window that should close and does not show; 0 again once it does. */
  missing?(loop: 'poll' | 'catch-up', count: number): void
  /** Events or a checkpoint are durable. */
  published?(atMs: number): void
  /** `tooLarge`: those among them that the log does not take; the others are malformed. */
  buried?(count: number, tooLarge: number): void
  rights?(rights: Rights): void
  /** What was to be accepted is durable as the new measure: nothing else is to be accepted by this process. */
  rightsAccepted?(): void
  /** The identity sees less than windows were closed with; null: not, or no longer. */
  narrowed?(narrowed: NarrowedRights | null): void
}

/** What the loops of one foundation share while one writer is open. */
export interface Session {
  readonly source: AuditEvents
  readonly recorder: Recorder
  readonly observer: PollerObserver
  /** Whether the identity sees as much as before. Asked before anything is recorded that says a window is whole; absent: it does. */
  readonly rights?: Pick<RightsGuard, 'mayClose'>
  /** What is known of Cloud Controller's clean-up; absent: nothing. */
  readonly cleanUp?: CleanUp
  /** Now, in Cloud Controller's clock. */
  nowSec(): number
  /** Resolves when a request may be made that can wait for others; when it is left out, at once. */
  spareRequest?(signal: AbortSignal): Promise<void>
}

/** May windows be closed, and verified, now? To be asked after the rows have been read. */
export async function mayClose({ rights }: Session, signal: AbortSignal): Promise<boolean> {
  return rights === undefined || (await rights.mayClose(signal))
}
