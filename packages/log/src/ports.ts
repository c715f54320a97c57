import type { Source } from '@cf-audit-drain/pipeline'
import type { FoundationWindow, LedgerQuery, LedgerWindow } from './ledger/ledger-window.ts'

/**
 * The ports of the durable log. The embedded adapter (one SQLite file) and a Kafka adapter keep the same promises;
 * `contract-suite.ts` holds them to it. Times named `…Sec` are whole seconds since the epoch, in Cloud Controller's
 * clock; `…Ms` are milliseconds in ours.
 */

/** One event as the log stores it. The log never looks into `bytes`. */
export interface LogEntry {
  readonly guid: string
  readonly type: string
  readonly createdAtSec: number
  readonly receivedAtMs: number
  readonly provenance: 'live' | 'backfill' | 'replay'
  /** Avro single-object encoding of the AuditEvent. */
  readonly bytes: Uint8Array
}

export interface LogRecord {
  /** Grows by one or more from record to record of a foundation; never used twice. */
  readonly offset: number
  readonly foundation: string
  readonly guid: string
  readonly bytes: Uint8Array
  /** The fingerprint that its writer named beside the bytes; null or missing where the log keeps none. */
  readonly schema?: string | null
  /**
   * Why this is no event of ours, though somebody has put it among them: it is for the dead-letter store. Its `guid` is then
   * a digest of `bytes`. Missing: an event.
   */
  readonly fault?: string
}

/** What is known of one thing, a name by its guid or what a poller has to remember, kept beside the events; the log looks into neither. */
export interface NameRecord {
  readonly key: string
  /** Null: forgotten. */
  readonly value: string | null
}

/** One event in the log, and where. */
export interface PlacedGuid {
  readonly guid: string
  readonly createdAtSec: number
  readonly offset: number
}

/** What the poller resumes from. Opaque to the log; JSON text of at most 4,000 bytes (Kafka's offset metadata limit). */
export type Checkpoint = string

export interface PublishResult {
  /** Entries that are new in the log, by guid; the others were there already and were left as they are. */
  readonly published: number
  /** As they were written: those given, with the places of the entries. */
  readonly windows: readonly LedgerWindow[]
  /** Entries that the log cannot hold, by guid: it put them among the dead letters. Left out: none. */
  readonly buried?: ReadonlySet<string>
}

/** A raw thing that could not become a record, or a record a sink refused. Kept until an operator decides. */
export interface DeadLetter {
  readonly foundation: string
  /** `poller`, or the name of the sink that refused it. */
  readonly origin: string
  /**
   * The guid where there is one, else a digest of `raw`; with ` at ` and its offset where a record holds no event. With
   * `origin` and `foundation` the identity: buried once.
   */
  readonly key: string
  readonly reason: string
  readonly raw: Uint8Array
  readonly atMs: number
}

/** What a publish keeps beside its events. */
export interface PublishedBeside {
  /** Written into the ledger, with the places of those entries that are stamped within them. */
  readonly windows?: readonly LedgerWindow[]
  /** What is written in the place of `windows` where the log can hold so many of the entries only as dead letters. */
  readonly windowsWithout?: (buried: ReadonlySet<string>) => readonly LedgerWindow[]
  /** In the place of what was kept under their keys. */
  readonly names?: readonly NameRecord[]
}

/** An event that the log holds, as its writer finds it again. */
export interface HeldEvent {
  readonly guid: string
  readonly createdAtSec: number
  readonly receivedAtMs: number
  /** Avro single object; null where the event was pruned and only its guid is remembered. */
  readonly bytes: Uint8Array | null
}

/**
 * The writing end for one foundation; exactly one in the world at a time, and the adapter sees to that.
 * Any error of `publish` means its outcome is unknown, and the object refuses further work: close it, open a new one,
 * read `checkpoint` again.
 */
export interface FoundationWriter {
  /** Of the last successful publish; null when the foundation never had one. */
  readonly checkpoint: Checkpoint | null
  /**
   * Whether `publish` is all or nothing through a kill, too. Where it is not, a kill leaves what comes first of it: the
   * events, and of the ledger what the checkpoint does not cover.
   */
  readonly isAtomic: boolean
  /**
   * Events that a kill left in the log before their windows were written: the ledger has neither counted nor placed
   * them. As it was when the writer was opened; none where `isAtomic`.
   */
  uncounted(): AsyncIterable<PlacedGuid>
  /** Every guid in the log with `createdAtSec >= sinceSec`, oldest first: the seen set is rebuilt from it. */
  guids(sinceSec: number): AsyncIterable<{ readonly guid: string; readonly createdAtSec: number }>
  /** What was kept of names, each key once; in no order. */
  names(): AsyncIterable<NameRecord>
  /**
   * The guids in the log stamped within the windows, also of pruned events, in no order; found by where the windows say they lie.
   * What windows share of the log is read once.
   */
  guidsOf(
    windows: readonly LedgerWindow[],
  ): AsyncIterable<{ readonly guid: string; readonly createdAtSec: number }>
  /** The events of `guidsOf` of one window, with what is kept of them. */
  eventsOf(window: LedgerWindow): AsyncIterable<HeldEvent>
  /** Where each event stamped at or after `sinceSec` lies. No order is promised. */
  places(sinceSec: number): AsyncIterable<{
    readonly guid: string
    readonly createdAtSec: number
    readonly offset: number
  }>
  /**
   * Of events that came up to then, in our clock, the log may have held more than it tells: retention has removed some, and their
   * guids with them. Null: it tells all that it ever held.
   */
  forgottenUpToMs(): Promise<number | null>
  /** The ledger of the foundation. No order is promised. */
  ledger(): AsyncIterable<LedgerWindow>
  /**
   * Appends the entries whose guid is new, buries `deadLetters`, keeps what is to be kept beside them, and moves the
   * checkpoint: all of it or nothing. Durable (fsync) when the promise resolves.
   */
  publish(
    entries: readonly LogEntry[],
    next: Checkpoint,
    deadLetters?: readonly DeadLetter[],
    beside?: PublishedBeside,
  ): Promise<PublishResult>
  close(): Promise<void>
}

/** Counts that outlive every restart and every pruning: the only source of the metrics that count events. */
export interface Tally {
  readonly foundation: string
  readonly type: string
  readonly provenance: 'live' | 'backfill' | 'replay'
  readonly count: number
  readonly lastReceivedAtMs: number
  readonly lastCreatedAtSec: number
}

export interface SinkPosition {
  readonly sink: string
  /** Everything up to and including this offset is delivered or dead-lettered; 0 before the first. Null: `hidden`. */
  readonly offset: number | null
  /** Records after `offset`. Null: `hidden`. */
  readonly lag: number | null
  /** receivedAtMs of the oldest record after `offset`; null when there is none. */
  readonly oldestUndeliveredMs: number | null
  /** Why the place of a sink may not be seen that is connected here, or told of by the log, in a sentence. Left out: it is seen. */
  readonly hidden?: Error
}

export interface EventQuery {
  readonly foundation?: string
  readonly sinceSec?: number
  /** Newest first when true. */
  readonly newestFirst?: boolean
}

export interface RetentionPolicy {
  /** Payloads older than this (by receivedAtMs) go, once every sink has had them. */
  readonly maxAgeMs?: number
  /** The oldest payloads go, once every sink has had them, until the store is below this. */
  readonly maxBytes?: number
  /** A guid is remembered at least until its event is this old (createdAtSec), so that a re-read cannot double it. Infinity: for ever. */
  readonly forgetGuidsAfterSec: number
}

/** One process that stands for election as the poller of its foundations. */
export interface Candidate {
  /**
   * Polls the foundation until `term` is aborted, and resolves once it has stopped and its writer is closed. Called
   * again for the next term, never before the last one of the foundation has ended. A rejection in mid-term ends `lead`.
   */
  poll(foundation: string, term: AbortSignal): Promise<void>
  /**
   * Those that are ours, from now on; null while that is not known: then none is. `barred`: those that stand in no
   * election, because their topics are not as they must be.
   */
  elected?(ours: ReadonlySet<string> | null, barred: ReadonlySet<string>): void
  /** This process has no part in the election just now, or not for this foundation; it goes on trying. */
  failed?(error: Error, foundation?: string): void
}

/** What keeps a sink from records. */
export interface ReadingTrouble {
  /** Whose events it keeps back, while those of the others are read; null: everybody's. */
  readonly foundation: string | null
  /** In a sentence, with what to do. */
  readonly error: Error
}

/**
 * Records that were removed before a sink had them. `from` and `to` are the offsets of the first of them and of the oldest
 * that is left: at most so many are lost, since offsets may be left out.
 */
export interface LostSpan {
  readonly foundation: string
  readonly from: number
  readonly to: number
}

/** What whoever reads for a sink is told, beside the records. */
export interface SourceObserver {
  /**
   * All that keeps the sink from records, whenever that has changed; it is tried for ever, and `read` waits for what can be
   * read. Empty: nothing any more. Only where reading can be kept up without ending: a log whose `read` rejects says it there.
   */
  interrupted?(troubles: readonly ReadingTrouble[]): void
  /** Records were delivered, and the foundation was another worker's before they were settled: it may deliver them again. */
  deliveredTwice?(records: number): void
  /** Whose records this one reads from now on, where the foundations are shared out. */
  reads?(foundations: readonly string[]): void
  /** Retention, or somebody, removed what it had not had. What it does not settle anything behind may be told again. */
  lost?(span: LostSpan): void
}

export interface SourceOptions {
  readonly batchMax: number
  readonly observer?: SourceObserver
  /** Aborted when settling is to be waited for no longer: what is not settled then is told by `deliveredTwice`. */
  readonly settleBy?: AbortSignal
}

export interface EventLog {
  /** Throws LogInUseError while there is another. */
  writer(foundation: string): Promise<FoundationWriter>
  /**
   * Has the candidate poll those of the foundations that are this process's to poll, until the signal is aborted; then
   * gives them back at once and resolves when every term has ended. Each foundation is given to one process of those
   * that name it, a moment's doubt after a failure aside: `lead` keeps them from getting in each other's way, that two
   * of them do no harm is seen to by `writer` alone.
   * @throws KafkaStateError when an operator has to decide, and whatever a term ended with
   */
  lead(foundations: readonly string[], candidate: Candidate, signal: AbortSignal): Promise<void>
  /**
   * The reading end of one sink; one at a time for each name. `connect` registers the sink: from then on retention
   * keeps for it what it has not had, and a sink the log did not know starts at the oldest record kept. `settle()`
   * without a reason commits the cursor. `read` waits for records, and ends with null when the source or the log is
   * closed; whether any are left is the `lag` of `positions()`. Before `connect`, `read` throws NotConnectedError; to
   * read before settling is an assertion error.
   */
  source(sink: string, options: SourceOptions): Source<LogRecord>
  /** Buried letters are idempotent by (origin, foundation, key). Durable when the promise resolves. */
  bury(letters: readonly DeadLetter[]): Promise<void>
  /** The newest first, and no more in memory. */
  deadLetters(limit: number): Promise<readonly DeadLetter[]>
  /**
   * All that `origin` has buried of the foundation, as the log had them when the first was asked for, the oldest first and few at a
   * time. One that was buried again may come again. `signal` ends the reading, also while all that comes is of others.
   */
  lettersOf(foundation: string, origin: string, signal?: AbortSignal): AsyncIterable<DeadLetter>
  deadLetterCounts(): Promise<
    readonly { readonly origin: string; readonly foundation: string; readonly count: number }[]
  >
  tallies(): Promise<readonly Tally[]>
  /** The completeness ledger, beside the writer: by foundation, oldest first. */
  ledger(query: LedgerQuery): AsyncIterable<FoundationWindow>
  positions(): Promise<readonly SinkPosition[]>
  /**
   * For looking into the log; reads beside the writer. In the log's order, what it held when the first record was
   * asked for; pruned records are left out.
   */
  events(query: EventQuery): AsyncIterable<LogRecord>
  /**
   * A bounded step of retention: `pruned` payloads were removed, all of them behind every registered sink; with no
   * sink registered nothing is. Call again while it is not 0.
   */
  prune(policy: RetentionPolicy, nowMs: number): Promise<{ readonly pruned: number }>
  /** Why the log cannot be reached just now, and what to do; null when it could be, as far as is known. Left out by a file. */
  unreachable?(): Error | null
  close(): Promise<void>
}
