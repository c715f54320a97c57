import type { CloudController } from '@cf-audit-drain/cloud-foundry'
import { isoSec, type LogEntry, missingOf } from '@cf-audit-drain/log'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { Checkpoint } from './checkpoint.ts'
import { CleanUp } from './clean-up.ts'
import { completeUpToSec } from './complete-up-to.ts'
import { type Deadline, deadlineOf } from './deadline.ts'
import type { GoneGuids, Ledger } from './ledger.ts'
import { LedgerNews, type NamedWindow } from './ledger-news.ts'
import type { LoggedState } from './logged-state.ts'
import { tileSec } from './options.ts'
import type { LoopFailure } from './patient-loops.ts'
import type { PollerStatus } from './poller-status.ts'
import type { Range } from './range.ts'
import type { StateReading } from './read-states.ts'
import type { Recorder } from './recorder.ts'
import type { RightsWatch } from './rights-watch.ts'
import type { ComparedWindow, PollerObserver } from './session.ts'
import type { ShortChanges } from './short-changes.ts'
import { type SourceRetention, sourceRetention } from './source-retention.ts'
import type { SourceStatus } from './source-status.ts'
import type { Poll } from './tail.ts'
import { ToldOnce } from './told-once.ts'
import type { Verified } from './verify.ts'

const goneMax = 1_000

/** What belongs to the status and is known elsewhere. */
export interface StatusParts {
  readonly foundation: string
  /** By the operator's word. */
  readonly retentionSec: number | null
  readonly controller: Pick<CloudController, 'apiVersion' | 'skewMs'>
  readonly rights: RightsWatch
  readonly recorder: Recorder | null
  readonly logged: LoggedState | null
  readonly states: StateReading | undefined
  readonly source: SourceStatus | null
  readonly caughtUp: boolean
}

/** What a poller tells about itself: to its observer as it happens, and as its status. From session to session. */
export class PollerReport {
  readonly #observer: PollerObserver
  readonly #clock: Clock
  readonly #nowSec: () => number
  #state: PollerStatus['state'] = 'starting'
  #lastPoll: PollerStatus['lastPoll'] = null
  #lastError: PollerStatus['lastError'] = null
  #lastVerified: PollerStatus['lastVerified'] = null
  /** Guids the log holds and Cloud Controller no longer shows, and the window in which that was first seen. */
  readonly #gone = new Map<string, Range>()
  readonly #toldGone = new ToldOnce(10 * goneMax)
  readonly #news: LedgerNews

  /** `nowSec`: in Cloud Controller's clock. */
  constructor(observer: PollerObserver, clock: Clock, nowSec: () => number) {
    this.#observer = observer
    this.#clock = clock
    this.#nowSec = nowSec
    this.#news = new LedgerNews((kind, news) => observer[kind]?.(news), clock)
  }

  get hasPolled(): boolean {
    return this.#lastPoll !== null
  }

  polled({ published, rows }: Poll, durationMs: number): void {
    this.#state = 'running'
    // What ended a session is over once one has polled.
    this.worked('session')
    this.#lastPoll = { at: this.#now(), published, rows }
    this.#observer.polled?.({ published, rows, durationMs })
    this.#news.tellSoon()
  }

  failed(failure: LoopFailure): void {
    this.#state = 'failing'
    this.#lastError = { at: this.#now(), loop: failure.loop, message: failure.error.message }
    this.#observer.failed?.(failure)
  }

  /** What failed in this loop is over. */
  worked(loop: string): void {
    if (this.#lastError?.loop === loop) this.#lastError = null
  }

  verified({ at, ...one }: Verified & { readonly at: string }): void {
    this.#lastVerified = { at, ...one }
    this.#observer.verified?.(one)
  }

  published(entries: readonly LogEntry[], atMs: number): void {
    this.#observer.published?.(atMs)
    const nowSec = this.#nowSec()
    const live = entries.filter(entry => entry.provenance === 'live')
    if (live.length > 0)
      this.#observer.ingested?.(live.map(entry => Math.max(0, nowSec - entry.createdAtSec)))
  }

  buried(count: number, tooLarge: number): void {
    this.#observer.buried?.(count, tooLarge)
  }

  late(createdAtSecs: readonly number[]): void {
    const nowSec = this.#nowSec()
    this.#observer.lateBy?.(createdAtSecs.map(sec => Math.max(0, nowSec - sec)))
  }

  gone(gone: readonly GoneGuids[]): void {
    const news = gone.map(({ window, guids }) => named(window, this.#toldGone.news(guids)))
    this.#news.add(
      'gone',
      news.filter(({ rows }) => rows > 0),
    )
  }

  short({ short, whole }: ShortChanges): void {
    this.#news.add(
      'short',
      short.map(window => ({ window, guids: [], rows: missingOf(window) })),
    )
    this.#news.add(
      'whole',
      whole.map(window => named(window, [])),
    )
  }

  /** What `work` finds of the ledger's windows is told at once. */
  round<T>(work: () => Promise<T>): Promise<T> {
    return this.#news.round(work)
  }

  /** A session has ended: what waits is told. */
  ended(): void {
    this.#news.tell()
  }

  compared(window: ComparedWindow): void {
    const news = window.heldNotShown.filter(guid => !this.#gone.has(guid))
    for (const guid of news) this.#gone.set(guid, { fromSec: window.fromSec, toSec: window.toSec })
    for (const guid of [...this.#gone.keys()].slice(0, -goneMax)) this.#gone.delete(guid)
    // The same guid is found missing by every later sweep: it is news once.
    if (news.length > 0 || window.heldNotShown.length === 0)
      this.#observer.compared?.({ ...window, heldNotShown: news })
  }

  status(parts: StatusParts): PollerStatus {
    const { foundation, retentionSec, controller, rights, recorder, logged, states, source, caughtUp } = parts
    const { checkpoint = null, ledger = null } = recorder ?? logged ?? {}
    const waits = checkpoint && this.#waits(checkpoint, ledger, logged, retentionSec)
    return {
      foundation,
      state: this.#state,
      apiVersion: controller.apiVersion,
      rights: rights.rights,
      rightsNarrowed: rights.narrowed,
      lastPoll: this.#lastPoll,
      lastError: this.#lastError,
      checkpoint,
      windows: this.#windows(checkpoint),
      ledger: ledger?.verdict(this.#nowSec()) ?? null,
      ...(waits ?? { deadline: null, retention: null }),
      stateDifferences: states?.status() ?? null,
      lastVerified: this.#lastVerified,
      source,
      seenGuids: recorder?.seen.size ?? 0,
      skewMs: controller.skewMs,
      caughtUp,
    }
  }

  #windows(checkpoint: Checkpoint | null): PollerStatus['windows'] {
    const byWindow = Map.groupBy(
      this.#gone.values(),
      range => `${isoSec(range.fromSec)}/${isoSec(range.toSec)}`,
    )
    return {
      completeUpTo: checkpoint && isoSec(completeUpToSec(checkpoint)),
      open: this.#openWindows(checkpoint),
      closed: checkpoint?.closedWindows ?? 0,
      unread: (checkpoint?.unread ?? []).map(({ fromSec, toSec }) => ({
        from: isoSec(fromSec),
        to: isoSec(toSec),
      })),
      heldNotShown: this.#gone.size,
      unequal: [...byWindow].map(([window, guids]) => ({ window, heldNotShown: guids.length })).slice(-20),
    }
  }

  #openWindows(checkpoint: Checkpoint | null): number {
    if (!checkpoint) return 0
    const hot = Math.ceil(Math.max(0, this.#nowSec() - checkpoint.tailFromSec) / tileSec)
    return hot + checkpoint.unread.length
  }

  /** By the retention as it was measured last, by whichever process. */
  #waits(
    checkpoint: Checkpoint,
    ledger: Ledger | null,
    logged: LoggedState | null,
    configuredSec: number | null,
  ): { readonly deadline: Deadline | null; readonly retention: SourceRetention } {
    const { oldest } = checkpoint
    const seen = this.#lastVerified ?? checkpoint.verified ?? logged?.cleanUp ?? new CleanUp()
    const retention = sourceRetention({ seenSec: seen.retentionSec, oldest, configuredSec })
    const source = { oldestSec: seen.oldestSec ?? oldest?.sec ?? null, retentionSec: retention.sec }
    return { deadline: deadlineOf(checkpoint, ledger?.windows ?? [], source, this.#nowSec()), retention }
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }
}

function named(window: GoneGuids['window'], guids: readonly string[]): NamedWindow {
  return { window, guids, rows: guids.length }
}
