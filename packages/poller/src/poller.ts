import type { CloudController } from '@cf-audit-drain/cloud-foundry'
import type { Scrubber } from '@cf-audit-drain/event'
import { type EventLog, KafkaStateError } from '@cf-audit-drain/log'
import { asError, type Clock, type Random } from '@cf-audit-drain/pipeline'
import { catchUp } from './catch-up.ts'
import { type Checkpoint, decodeCheckpoint } from './checkpoint.ts'
import { CleanUp } from './clean-up.ts'
import { Disagreement } from './disagreement.ts'
import { LedgerCheck } from './ledger-check.ts'
import { type LoggedState, loggedState } from './logged-state.ts'
import { mustBeDecided } from './must-be-decided.ts'
import { type BesideMakers, openBeside } from './open-beside.ts'
import { openRecorder } from './open-recorder.ts'
import { type PollerOptions, recentFromSec, rightsEveryMs, type Sweep } from './options.ts'
import { PatientLoops } from './patient-loops.ts'
import { PollerReport } from './poller-report.ts'
import type { PollerStatus } from './poller-status.ts'
import { readStates, type StateReading } from './read-states.ts'
import type { Recorder } from './recorder.ts'
import { RequestBudget } from './request-budget.ts'
import { RightsRestoredError } from './rights-guard.ts'
import { NotEverythingVisibleError, RightsWatch } from './rights-watch.ts'
import type { PollerObserver, Session } from './session.ts'
import { settled } from './settled.ts'
import { stoppableWriter } from './stoppable-writer.ts'
import { pollTail, sweep } from './tail.ts'
import { followTasks } from './task-following.ts'

export interface PollerDeps extends BesideMakers {
  readonly controller: CloudController
  readonly log: EventLog
  readonly states?: () => StateReading
  readonly scrubber: Scrubber
  readonly clock: Clock
  readonly random: Random
  readonly observer: PollerObserver
}

/** Takes every audit event of one foundation into the log, until the signal is aborted. Retries for ever. */
export class Poller {
  readonly #options: PollerOptions
  readonly #deps: PollerDeps
  readonly #rights: RightsWatch
  readonly #report: PollerReport
  readonly #loops: PatientLoops
  #states: StateReading | undefined
  /** What is known before there is a recorder, and that waits for Cloud Foundry. */
  #logged: LoggedState | null = null
  #recorder: Recorder | null = null
  #check: LedgerCheck | null = null
  /** Of this session: polled, and every sweep run, at least once. */
  #polled = false
  #swept = 0

  constructor(options: PollerOptions, deps: PollerDeps) {
    const { clock, random, observer } = deps
    this.#options = options
    this.#deps = deps
    this.#rights = new RightsWatch(options, deps)
    this.#report = new PollerReport(observer, clock, () => this.#nowSec())
    this.#loops = new PatientLoops({
      clock,
      random,
      firstDelayMs: options.pollIntervalMs,
      failed: failure => this.#report.failed(failure),
      worked: loop => this.#report.worked(loop),
      isLoginChanged: () => deps.controller.isLoginChanged(),
    })
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
        await this.#loops.rest('session', asError(error), attempt, signal).catch(() => undefined)
      }
    }
  }

  status(): PollerStatus {
    return this.#report.status({
      foundation: this.#options.foundation,
      retentionSec: this.#options.retentionSec,
      controller: this.#deps.controller,
      rights: this.#rights,
      recorder: this.#recorder,
      logged: this.#logged,
      states: this.#states,
      source: this.#check?.source ?? this.#logged?.source ?? null,
      caughtUp: this.caughtUp(),
    })
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
    if (this.#report.hasPolled && [cause, error].some(one => one instanceof KafkaStateError)) return null
    if (mustBeDecided(cause)) return asError(cause)
    const refused = error instanceof NotEverythingVisibleError && !this.#report.hasPolled
    return refused || mustBeDecided(error) ? asError(error) : null
  }

  async #session(signal: AbortSignal, fail: (error: Error) => void, working: () => void): Promise<void> {
    this.#polled = false
    this.#swept = 0
    const { controller, log, observer, clock } = this.#deps
    // The log first: a process that may not write must not bother Cloud Controller.
    const writer = stoppableWriter(await log.writer(this.#options.foundation), signal)
    try {
      const stored = writer.checkpoint === null ? null : decodeCheckpoint(writer.checkpoint)
      const isFirst = this.#logged === null && this.#recorder === null
      if (isFirst && stored !== null) this.#logged = await loggedState(writer, stored, () => clock.now())
      observer.resumed?.(stored, isFirst ? (this.#logged?.comparedMs ?? null) : null)
      await controller.discover(signal)
      const guard = await this.#rights.open(stored, () => writer.names(), signal)
      const beside = await openBeside(this.#deps, writer, signal)
      const nowSec = () => this.#nowSec()
      const deps = { ...this.#deps, report: this.#report, nowSec }
      const recorder = await openRecorder(this.#options, { writer, stored, beside }, deps, signal)
      await this.#rights.begin(recorder)
      const { naming, tasks } = beside
      const { tailFromSec, unread } = recorder.checkpoint
      const aheadFromSec = Math.min(tailFromSec, unread[0]?.fromSec ?? tailFromSec)
      const aheadRange = { fromSec: aheadFromSec, toSec: nowSec() + 1 }
      const ahead = naming?.readAhead([aheadRange], signal, rows => recorder.record(rows))
      ahead?.catch(() => undefined) // awaited by the catch-up
      this.#states = this.#deps.states?.()
      const session = this.#sessionOf(recorder, guard, signal)
      this.#recorder = recorder
      const seesAll = () => this.#rights.rights?.sees === 'everything'
      const loops = [
        this.#pollLoop(session, working, signal),
        this.#catchUpLoop(session, ahead, signal),
        readStates(this.#states, session, seesAll, signal),
        ...this.#options.sweeps.map(one => this.#sweepLoop(session, one, signal)),
        this.#loops.repeat('rights', rightsEveryMs, () => this.#rights.look(recorder, signal), signal),
        this.#verifyLoop(session, stored, signal),
        followTasks(tasks, session, seesAll, signal),
      ]
      for (const loop of loops) loop.catch(error => fail(asError(error)))
      await settled(loops)
    } finally {
      this.#report.ended()
      this.#rights.close()
      await writer.close()
    }
  }

  #sessionOf(recorder: Recorder, rights: NonNullable<Session['rights']>, signal: AbortSignal): Session {
    const { controller, clock, observer } = this.#deps
    const budget = new RequestBudget(() => controller.rateLimit, this.#options.pollIntervalMs, clock)
    const compared = this.#rights.sure(window => this.#report.compared(window), signal)
    return {
      source: controller,
      recorder,
      observer: { ...observer, compared },
      rights,
      cleanUp: new CleanUp(recorder.ledger.takeExpired()),
      nowSec: () => this.#nowSec(),
      spareRequest: signal => budget.spare(() => this.#nowSec(), signal),
    }
  }

  #pollLoop(session: Session, working: () => void, signal: AbortSignal): Promise<void> {
    const poll = async () => {
      const { clock } = this.#deps
      const { recorder } = session
      const startedMs = clock.monotonic()
      const polled = await pollTail(session, this.#options, signal)
      await recorder.forgetBefore(recentFromSec(this.#options, recorder.checkpoint, this.#nowSec()))
      this.#polled = true
      working()
      this.#report.polled(polled, clock.monotonic() - startedMs)
    }
    return this.#loops.repeat('poll', this.#options.pollIntervalMs, poll, signal)
  }

  #catchUpLoop(session: Session, ahead: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
    const tries = { unpassed: { read: [] }, disagreement: new Disagreement() }
    const work = async (working: () => void) => {
      await ahead
      await catchUp(session, this.#deps.clock, signal, { ...tries, passed: working })
    }
    return this.#loops.repeat('catch-up', this.#options.pollIntervalMs, work, signal)
  }

  async #sweepLoop(session: Session, one: Sweep, signal: AbortSignal): Promise<void> {
    const isLongest = one === this.#options.sweeps.toSorted((a, b) => b.overMs - a.overMs)[0]
    await this.#firstPoll(one.everyMs, signal)
    let first = true
    const work = async () => {
      await this.#report.round(() => sweep(session, one, isLongest, signal))
      if (first) this.#swept++
      first = false
    }
    await this.#loops.repeat(`sweep ${one.compare}`, one.everyMs, work, signal)
  }

  async #verifyLoop(session: Session, stored: Checkpoint | null, signal: AbortSignal): Promise<void> {
    const everyMs = this.#options.verifyIntervalMs
    await this.#firstPoll(everyMs, signal)
    const check = new LedgerCheck(session, this.#options, {
      ...this.#deps,
      stored,
      noticesLostRoles: () => this.#rights.noticesLostRoles,
    })
    this.#check = check
    this.#logged = null
    const run = () => check.run(verified => this.#report.verified(verified), signal)
    const verify = () => this.#report.round(run)
    await this.#loops.repeat('verify', everyMs, verify, signal)
  }

  async #firstPoll(atMostMs: number, signal: AbortSignal): Promise<void> {
    while (!this.#polled) await this.#deps.clock.sleep(Math.min(250, atMostMs), signal)
  }

  #nowSec(): number {
    return Math.floor((this.#deps.clock.now() + (this.#deps.controller.skewMs ?? 0)) / 1000)
  }
}
