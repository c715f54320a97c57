import type { EventLog, LedgerWindow } from '@cf-audit-drain/log'
import { type HeldRow, HeldRows } from './held-rows.ts'
import { isCleanUp, type LossIntervals, wholesaleKind } from './loss-judgement.ts'
import { LossReading } from './loss-reading.ts'
import { LossRound } from './loss-round.ts'
import { isUnread, type LossRun, runsOf, type Stretch } from './loss-run.ts'
import { tellAll, tellEach, tellMax } from './loss-telling.ts'
import { forgetLosses } from './returned-losses.ts'
import { mayClose, type Session } from './session.ts'
import { type SourceStatus, sourceStatus } from './source-status.ts'
import { SuspectedWindows, watchedWindows } from './suspected-windows.ts'
import { ToldLosses } from './told-losses.ts'
import type { Verified } from './verify.ts'

/** Fewer than this that are lost in a row are told one by one. */
const wholesaleMin = 10

export interface SourceWatchDeps {
  readonly foundation: string
  readonly log: Pick<EventLog, 'lettersOf'>
  readonly intervals: LossIntervals
  nowMs(): number
}

/**
 * Tells of events that were lost at their source: held, no longer shown, and younger than the clean-up takes. The ledger
 * finds them (`gone` of its windows); here each is looked at once more, told apart from a truncated table and from a
 * restored database, and told in an event of our own, in one transaction with the record that it was.
 */
export class SourceWatch {
  readonly #session: Session
  readonly #deps: SourceWatchDeps
  readonly #told: ToldLosses
  readonly #suspected: SuspectedWindows
  readonly #reading = new LossReading()

  constructor(session: Session, deps: SourceWatchDeps) {
    this.#session = session
    this.#deps = deps
    this.#told = new ToldLosses(session.recorder.kept)
    this.#suspected = new SuspectedWindows(session.recorder, this.#told, () => deps.nowMs())
  }

  status(): SourceStatus {
    return sourceStatus(this.#told, this.#suspected.rows)
  }

  /** After the ledger was verified. Reads and tells what is ripe. */
  async look({ retentionSec }: Pick<Verified, 'retentionSec'>, signal: AbortSignal): Promise<void> {
    const windows = watchedWindows(this.#session.recorder)
    await forgetLosses(this.#session, this.#told, windows)
    const due = this.#suspected.due(windows)
    if (due.size === 0 || !(await mayClose(this.#session, signal))) return
    const round = this.#round(retentionSec, windows, new Set(due.keys()), signal)
    const stretches = await this.#reading.stretches(round, due, signal)
    let told = 0
    for (const run of runsOf(stretches))
      if (told < tellMax) told += await this.#consider(run, round, tellMax - told, signal)
  }

  #round(
    retentionSec: number,
    windows: readonly LedgerWindow[],
    due: ReadonlySet<number>,
    signal: AbortSignal,
  ): LossRound {
    const { foundation, log } = this.#deps
    const { recorder, observer } = this.#session
    const isTold = (guid: string) => {
      const told = this.#told.of(guid)
      return told !== null && !told.back
    }
    const leftOut = (letters: number) => observer.lettersLeftOut?.(letters)
    return new LossRound({
      session: this.#session,
      told: this.#told,
      suspected: this.#suspected,
      rows: new HeldRows({ recorder, foundation, log, due, isTold, leftOut, signal }),
      nowMs: () => this.#deps.nowMs(),
      retentionSec,
      windows,
    })
  }

  /** Resolves to how much was told of it. */
  async #consider(run: LossRun, round: LossRound, max: number, signal: AbortSignal): Promise<number> {
    const windows = run.stretches.map(({ window }) => window)
    const missed = windows.map(window => round.suspected.missedMs(window) ?? round.nowMs())
    const missedMs = Math.min(...missed)
    if (run.stretches.some(isUnread) || !windows.every(window => round.isRipe(window))) return 0
    const { first, last } = await endsOf(run, round)
    const reachesSec = this.#session.nowSec() - round.retentionSec + 60
    if (last === null) for (const window of windows) round.suspected.calm(window)
    if (last === null || last.createdAtSec < reachesSec) return 0
    const judged = { run, last, missedMs, missedSec: round.sec(missedMs), ...this.#judging(round) }
    if (isCleanUp(judged)) return 0
    // Older time that was not read yet may say that it is no beginning.
    const { unread } = this.#session.recorder.checkpoint
    const isWhole = unread.every(({ fromSec }) => fromSec >= last.createdAtSec)
    if (run.count >= wholesaleMin && !isWhole) return 0
    const toTell = { run, missedMs, first, last }
    const kind = run.count < wholesaleMin ? null : wholesaleKind(judged, await nextOf(run, round))
    const limits = { reachesSec, max }
    if (kind === null) return tellEach(round, toTell, limits, signal)
    return tellAll(round, kind, this.#deps.foundation, toTell, limits, signal)
  }

  #judging({ windows, retentionSec, nowMs }: LossRound) {
    const { intervals } = this.#deps
    return { historyFromSec: windows[0]?.fromSec ?? 0, retentionSec, intervals, nowMs: nowMs() }
  }
}

/** The oldest that is still there after the run. */
async function nextOf({ after }: LossRun, round: LossRound): Promise<HeldRow | null> {
  if (after === null) return null
  return after.events?.[0] ?? (await round.heldIn(after.window))[0] ?? null
}

/** The first and the last row of the run, where the log still has them. */
async function endsOf({ stretches }: LossRun, round: LossRound) {
  const of = async (stretch: Stretch | undefined) =>
    stretch === undefined ? [] : (stretch.events ?? (await round.untoldIn(stretch.window)))
  const first = (await of(stretches[0])).at(0) ?? null
  return { first, last: (await of(stretches.at(-1))).at(-1) ?? null }
}
