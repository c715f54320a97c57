import { type CloudController, CloudFoundryError } from '@cf-audit-drain/cloud-foundry'
import type { Scrubber } from '@cf-audit-drain/event'
import {
  type EventLog,
  type FoundationWriter,
  isoSec,
  KafkaStateError,
  type LogEntry,
} from '@cf-audit-drain/log'
import { asError, type Clock, type Random } from '@cf-audit-drain/pipeline'
import { catchUp } from './catch-up.ts'
import { type Checkpoint, decodeCheckpoint } from './checkpoint.ts'
import { CleanUp } from './clean-up.ts'
import { completeUpToSec } from './complete-up-to.ts'
import { type Deadline, deadlineOf } from './deadline.ts'
import { Disagreement } from './disagreement.ts'
import { firstCheckpoint } from './first-checkpoint.ts'
import type { GoneGuids } from './ledger.ts'
import { LedgerCheck } from './ledger-check.ts'
import { mustBeDecided } from './must-be-decided.ts'
import { type Beside, type BesideMakers, openBeside } from './open-beside.ts'
import { type PollerOptions, recentFromSec, rightsEveryMs, type Sweep, tileSec } from './options.ts'
import type { PollerStatus } from './poller-status.ts'
import type { Range } from './range.ts'
import { readStates, type StateReading } from './read-states.ts'
import { Recorder } from './recorder.ts'
import { RequestBudget } from './request-budget.ts'
import { RightsRestoredError } from './rights-guard.ts'
import { NotEverythingVisibleError, RightsWatch } from './rights-watch.ts'
import type { ComparedWindow, PollerObserver, Session } from './session.ts'
import { settled } from './settled.ts'
import { pollTail, sweep } from './tail.ts'
import { followTasks } from './task-following.ts'
import { ToldOnce } from './told-once.ts'
import type { Verified } from './verify.ts'

export interface PollerDeps extends BesideMakers {
  readonly controller: CloudController
  readonly log: EventLog
  readonly states?: () => StateReading
  readonly scrubber: Scrubber
  readonly clock: Clock
  readonly random: Random
  readonly observer: PollerObserver
}

const failureDelayMaxMs = 300_000
const goneMax = 1_000
/** Longer than Cloud Controller shows an event, unless it was told to keep them longer. */
const builtBackToSec = 45 * 86_400

/** Takes every audit event of one foundation into the log, until the signal is aborted. Retries for ever. */
export class Poller {
  readonly #options: PollerOptions
  readonly #deps: PollerDeps
  #states: StateReading | undefined
  #recorder: Recorder | null = null
  #state: PollerStatus['state'] = 'starting'
  readonly #rights: RightsWatch
  #lastPoll: PollerStatus['lastPoll'] = null
  #lastError: PollerStatus['lastError'] = null
  /** Guids the log holds and Cloud Controller no longer shows, and the window in which that was first seen. */
  readonly #gone = new Map<string, Range>()
  readonly #toldGone = new ToldOnce(10 * goneMax)
  #lastVerified: PollerStatus['lastVerified'] = null
  #check: LedgerCheck | null = null
  /** Of this session: polled, and every sweep run, at least once. */
  #polled = false
  #swept = 0

  constructor(options: PollerOptions, deps: PollerDeps) {
    this.#options = options
    this.#deps = deps
    this.#rights = new RightsWatch(options, deps)
  }

  /**
   * @throws NotEverythingVisibleError when `strict` and the client has never seen everything
   * @throws CheckpointUnreadableError
   * @throws FencedError when another process has opened a writer since: who is to poll is not for the poller to say
   */
  async run(signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      const failed = new AbortController()
      const session = AbortSignal.any([signal, failed.signal])
      try {
        await this.#session(
          session,
          error => failed.abort(error),
          () => {
            attempt = 0
          },
        )
      } catch (error) {
        if (signal.aborted) return
        if (failed.signal.reason instanceof RightsRestoredError) continue
        const fatal = this.#fatal(error)
        if (fatal) throw fatal
        await this.#rest('session', asError(error), attempt, signal).catch(() => undefined)
      }
    }
  }

  status(): PollerStatus {
    const checkpoint = this.#recorder?.checkpoint ?? null
    return {
      foundation: this.#options.foundation,
      state: this.#state,
      apiVersion: this.#deps.controller.apiVersion,
      rights: this.#rights.rights,
      rightsNarrowed: this.#rights.narrowed,
      lastPoll: this.#lastPoll,
      lastError: this.#lastError,
      checkpoint,
      windows: {
        completeUpTo: checkpoint && isoSec(completeUpToSec(checkpoint)),
        open: this.#openWindows(checkpoint),
        closed: checkpoint?.closedWindows ?? 0,
        unread: (checkpoint?.unread ?? []).map(({ fromSec, toSec }) => ({
          from: isoSec(fromSec),
          to: isoSec(toSec),
        })),
        heldNotShown: this.#gone.size,
        unequal: [
          ...Map.groupBy(this.#gone.values(), range => `${isoSec(range.fromSec)}/${isoSec(range.toSec)}`),
        ]
          .map(([window, guids]) => ({ window, heldNotShown: guids.length }))
          .slice(-20),
      },
      ledger: this.#recorder?.ledger.verdict(this.#nowSec()) ?? null,
      deadline: this.#deadline(),
      stateDifferences: this.#states?.status() ?? null,
      lastVerified: this.#lastVerified,
      source: this.#check?.source ?? null,
      seenGuids: this.#recorder?.seen.size ?? 0,
      skewMs: this.#deps.controller.skewMs,
      caughtUp: this.caughtUp(),
    }
  }

  /** Everything that was visible when this session began is in the log. */
  caughtUp(): boolean {
    const unread = this.#recorder?.checkpoint.unread
    const isAllSeen = this.#rights.narrowed === null
    return isAllSeen && unread?.length === 0 && this.#polled && this.#swept >= this.#options.sweeps.length
  }

  /** What no time mends, so that the operator has to decide and this process ends; null for anything else. */
  #fatal(error: unknown): Error | null {
    const { cause } = asError(error)
    // A topic that was deleted under us is told again and again; the other foundations of this process go on.
    if (this.#lastPoll !== null && [cause, error].some(one => one instanceof KafkaStateError)) return null
    if (mustBeDecided(cause)) return asError(cause)
    const refused = error instanceof NotEverythingVisibleError && this.#lastPoll === null
    return refused || mustBeDecided(error) ? asError(error) : null
  }

  async #session(signal: AbortSignal, fail: (error: Error) => void, working: () => void): Promise<void> {
    this.#polled = false
    this.#swept = 0
    const { controller, log, clock, observer } = this.#deps
    // The log first: a process that may not write must not bother Cloud Controller.
    const writer = await log.writer(this.#options.foundation)
    try {
      const stored = writer.checkpoint === null ? null : decodeCheckpoint(writer.checkpoint)
      observer.resumed?.(stored)
      await controller.discover(signal)
      const guard = await this.#rights.open(stored, () => writer.names(), signal)
      const beside = await openBeside(this.#deps, writer, signal)
      const { naming, tasks } = beside
      const recorder = await this.#openRecorder(writer, stored, beside, signal)
      await this.#rights.record(recorder)
      const { tailFromSec, unread } = recorder.checkpoint
      const aheadFromSec = Math.min(tailFromSec, unread[0]?.fromSec ?? tailFromSec)
      const aheadRange = { fromSec: aheadFromSec, toSec: this.#nowSec() + 1 }
      const ahead = naming?.readAhead([aheadRange], signal, rows => recorder.record(rows))
      ahead?.catch(() => undefined) // awaited by the catch-up
      const budget = new RequestBudget(() => controller.rateLimit, this.#options.pollIntervalMs, clock)
      this.#states = this.#deps.states?.()
      const session: Session = {
        source: controller,
        recorder,
        observer: { ...observer, compared: this.#rights.sure(window => this.#compared(window), signal) },
        rights: guard,
        cleanUp: new CleanUp(recorder.ledger.takeExpired()),
        nowSec: () => this.#nowSec(),
        spareRequest: signal => budget.spare(() => this.#nowSec(), signal),
      }
      this.#recorder = recorder
      const tries = { unpassed: { read: [] }, disagreement: new Disagreement() }
      const loops = [
        this.#loop('poll', this.#options.pollIntervalMs, () => this.#poll(session, signal, working), signal),
        this.#loop(
          'catch-up',
          this.#options.pollIntervalMs,
          async working => {
            await ahead
            await catchUp(session, clock, signal, { ...tries, passed: working })
          },
          signal,
        ),
        readStates(this.#states, session, () => this.#rights.rights?.sees === 'everything', signal),
        ...this.#options.sweeps.map(one => this.#sweepLoop(session, one, signal)),
        this.#loop('rights', rightsEveryMs, () => this.#rights.look(recorder, signal), signal),
        this.#verifyLoop(session, stored, signal),
        followTasks(tasks, session, () => this.#rights.rights?.sees === 'everything', signal),
      ]
      for (const loop of loops) loop.catch(error => fail(asError(error)))
      await settled(loops)
    } finally {
      this.#rights.close()
      await writer.close()
    }
  }

  async #openRecorder(
    writer: FoundationWriter,
    stored: Checkpoint | null,
    beside: Beside,
    signal: AbortSignal,
  ): Promise<Recorder> {
    const { foundation } = this.#options
    const { scrubber, clock } = this.#deps
    const checkpoint = stored ?? (await this.#firstCheckpoint(signal))
    const seenSinceSec = recentFromSec(this.#options, checkpoint, this.#nowSec())
    const onPublished = (entries: readonly LogEntry[], atMs: number) => {
      this.#deps.observer.published?.(atMs)
      this.#ingested(entries)
    }
    const onLate = (createdAtSecs: readonly number[]) => {
      const nowSec = this.#nowSec()
      this.#deps.observer.lateBy?.(createdAtSecs.map(sec => Math.max(0, nowSec - sec)))
    }
    const onGone = (gone: readonly GoneGuids[]) => {
      for (const { window, guids } of gone) {
        const news = this.#toldGone.news(guids)
        if (news.length > 0) this.#deps.observer.gone?.(window, news)
      }
    }
    const onBuried = (count: number) => this.#deps.observer.buried?.(count)
    const recorder = new Recorder(
      {
        foundation,
        writer,
        scrubber,
        clock,
        onPublished,
        onBuried,
        onLate,
        onGone,
        signal,
        ...beside,
      },
      checkpoint,
      seenSinceSec,
    )
    await recorder.rebuild()
    if (stored?.hasLedger) await recorder.mendLedger()
    else await recorder.buildLedger(this.#nowSec() - builtBackToSec, this.#deps.controller.skewMs ?? 0)
    return recorder
  }

  async #firstCheckpoint(signal: AbortSignal): Promise<Checkpoint> {
    const isAsked = this.#options.startFrom !== 'now'
    const oldestSec = isAsked ? await this.#deps.controller.oldestAuditEventSec(signal) : null
    const now = { nowSec: this.#nowSec(), writtenMs: this.#deps.clock.now() }
    return firstCheckpoint(this.#options, oldestSec, now)
  }

  async #poll(session: Session, signal: AbortSignal, working: () => void): Promise<void> {
    const { clock, observer } = this.#deps
    const startedMs = clock.monotonic()
    const { published, rows } = await pollTail(session, this.#options, signal)
    const { recorder } = session
    await recorder.forgetBefore(recentFromSec(this.#options, recorder.checkpoint, this.#nowSec()))
    this.#polled = true
    this.#state = 'running'
    this.#lastPoll = { at: new Date(clock.now()).toISOString(), published, rows }
    working()
    observer.polled?.({ published, rows, durationMs: clock.monotonic() - startedMs })
  }

  async #sweepLoop(session: Session, one: Sweep, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps
    const isLongest = one === this.#options.sweeps.toSorted((a, b) => b.overMs - a.overMs)[0]
    while (!this.#polled) await clock.sleep(Math.min(250, one.everyMs), signal)
    let first = true
    await this.#loop(
      `sweep ${one.compare}`,
      one.everyMs,
      async () => {
        await sweep(session, one, isLongest, signal)
        if (first) this.#swept++
        first = false
      },
      signal,
    )
  }

  async #verifyLoop(session: Session, stored: Checkpoint | null, signal: AbortSignal): Promise<void> {
    const { clock, observer } = this.#deps
    const everyMs = this.#options.verifyIntervalMs
    while (!this.#polled) await clock.sleep(Math.min(250, everyMs), signal)
    const check = new LedgerCheck(session, this.#options, {
      ...this.#deps,
      stored,
      noticesLostRoles: () => this.#rights.noticesLostRoles,
    })
    this.#check = check
    const verified = ({ at, ...one }: Verified & { readonly at: string }) => {
      this.#lastVerified = { at, ...one }
      observer.verified?.(one)
    }
    const verify = () => check.run(verified, signal)
    await this.#loop('verify', everyMs, verify, signal)
  }

  /**
   * Repeats `work` until aborted. What Cloud Foundry does wrong delays it, the longer the more often in a row (`working`: it does
   * not just now); anything else ends the session.
   */
  async #loop(
    name: string,
    everyMs: number,
    work: (working: () => void) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random } = this.#deps
    for (let failures = 0; ; ) {
      const startedMs = clock.monotonic()
      try {
        await work(() => {
          failures = 0
        })
        failures = 0
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof CloudFoundryError)) throw error
        await this.#rest(name, error, ++failures, signal)
        continue
      }
      const jittered = everyMs * (0.9 + 0.2 * random())
      await clock.sleep(jittered - (clock.monotonic() - startedMs), signal)
    }
  }

  async #rest(loop: string, error: Error, attempt: number, signal: AbortSignal): Promise<void> {
    const { clock, random, observer } = this.#deps
    this.#state = 'failing'
    this.#lastError = { at: new Date(clock.now()).toISOString(), loop, message: error.message }
    const ceilingMs = Math.min(
      failureDelayMaxMs,
      this.#options.pollIntervalMs * 2 ** Math.min(attempt - 1, 20),
    )
    const delayMs = Math.round(ceilingMs * (0.5 + 0.5 * random()))
    observer.failed?.({ loop, error, attempt, delayMs })
    await clock.sleep(delayMs, signal)
  }

  #deadline(): Deadline | null {
    if (this.#recorder === null || this.#lastVerified === null) return null
    const { checkpoint, ledger } = this.#recorder
    return deadlineOf(checkpoint, ledger.windows, this.#lastVerified, this.#nowSec())
  }

  #ingested(entries: readonly LogEntry[]): void {
    const nowSec = this.#nowSec()
    const live = entries.filter(entry => entry.provenance === 'live')
    if (live.length > 0)
      this.#deps.observer.ingested?.(live.map(entry => Math.max(0, nowSec - entry.createdAtSec)))
  }

  #compared(window: ComparedWindow): void {
    const news = window.heldNotShown.filter(guid => !this.#gone.has(guid))
    for (const guid of news) this.#gone.set(guid, { fromSec: window.fromSec, toSec: window.toSec })
    for (const guid of [...this.#gone.keys()].slice(0, -goneMax)) this.#gone.delete(guid)
    // The same guid is found missing by every later sweep: it is news once.
    if (news.length > 0 || window.heldNotShown.length === 0)
      this.#deps.observer.compared?.({ ...window, heldNotShown: news })
  }

  #nowSec(): number {
    return Math.floor((this.#deps.clock.now() + (this.#deps.controller.skewMs ?? 0)) / 1000)
  }

  #openWindows(checkpoint: Checkpoint | null): number {
    if (!checkpoint) return 0
    const hot = Math.ceil(Math.max(0, this.#nowSec() - checkpoint.tailFromSec) / tileSec)
    return hot + checkpoint.unread.length
  }
}
