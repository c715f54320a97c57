import { isOwnGuid, rawCreatedAtSec } from '@cf-audit-drain/event'
import type { HeldEvent, LedgerWindow, NameRecord } from '@cf-audit-drain/log'
import { rangeOfSpan } from './clean-up.ts'
import { isDone } from './ledger.ts'
import { missingEvent, type WholesaleLoss, wholesaleEvent } from './loss-event.ts'
import { isCleanUp, wholesaleKind } from './loss-judgement.ts'
import { isUnread, type LossRun, runsOf, type Stretch, stretchesOf } from './loss-run.ts'
import type { Range } from './range.ts'
import { readSegment } from './read-segment.ts'
import { rowKey } from './row-key.ts'
import { type Clocks, isSure, type SecondLook, secondLook } from './second-look.ts'
import { mayClose, type Session } from './session.ts'
import { eventRecord, type LossKind, rangeRecord, ToldLosses, type ToldRange, toldOf } from './told-losses.ts'
import { toldRange } from './told-range.ts'
import { Turns } from './turns.ts'
import type { Verified } from './verify.ts'

/** Fewer than this that are lost in a row are told one by one. */
export const wholesaleMin = 10
/** Of one look; what is left comes at the next. */
const tellMax = 500
const readWindowsMax = 20
export interface SourceLoss extends Range {
  readonly kind: LossKind
  readonly count: number
  /** The lost one; null of many. */
  readonly guid: string | null
}

export interface SourceStatus {
  /** Events that are held and not shown, and not told yet: looked at again before they are. */
  readonly suspected: number
  /** Events that were told to be lost, and when that was last; of the time that has not expired. */
  readonly told: Readonly<Record<LossKind, { readonly events: number; readonly last: string | null }>>
  /** Of these, how many Cloud Controller shows again. */
  readonly returned: number
}

export interface SourceWatchDeps {
  readonly foundation: string
  readonly verifyIntervalMs: number
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
  /** When a window was first seen to have lost more than was told. */
  readonly #missedMs = new Map<number, number>()
  /** Windows that were looked at to the end, and how many were gone then. */
  readonly #calm = new Map<number, number>()
  readonly #turns = new Turns()
  #suspected = 0

  constructor(session: Session, deps: SourceWatchDeps) {
    this.#session = session
    this.#deps = deps
    this.#told = new ToldLosses(session.recorder.kept)
  }

  status(): SourceStatus {
    const of = (kind: LossKind) => {
      const lastMs = this.#told.lastMs(kind)
      return { events: 0, last: lastMs === null ? null : new Date(lastMs).toISOString() }
    }
    const told = {
      'event-missing': of('event-missing'),
      truncated: of('truncated'),
      restored: of('restored'),
    }
    let returned = 0
    for (const [, { back }] of this.#told.events()) {
      told['event-missing'].events++
      if (back) returned++
    }
    for (const { kind, count, back } of this.#told.ranges) {
      told[kind].events += count
      returned += back
    }
    return { suspected: this.#suspected, told, returned }
  }

  /** After the ledger was verified. Reads and tells what is ripe. */
  async look({ retentionSec }: Pick<Verified, 'retentionSec'>, signal: AbortSignal): Promise<void> {
    const windows = this.#passed()
    await this.#forget(windows)
    const due = this.#due(windows)
    if (due.size === 0 || !(await mayClose(this.#session, signal))) return
    const round = { retentionSec, windows, due, told: 0 }
    const stretches = await this.#stretches(round, signal)
    for (const run of runsOf(stretches)) if (round.told < tellMax) await this.#consider(run, round, signal)
  }

  /** Passed and not expired, with anything in it; oldest first. */
  #passed(): readonly LedgerWindow[] {
    const { ledger, checkpoint } = this.#session.recorder
    return ledger.windows.filter(
      window => window.state !== 'expired' && window.held > 0 && isDone(window, checkpoint),
    )
  }

  /** Windows that have lost more than was told, or got back what was; with the number that is not told. */
  #due(windows: readonly LedgerWindow[]): ReadonlyMap<number, number> {
    const { ledger, checkpoint } = this.#session.recorder
    const { ranges } = this.#told
    const one = this.#told.eventsByWindow(sec => ledger.rangeOf(sec).fromSec)
    const due = new Map<number, number>()
    this.#suspected = 0
    for (const window of windows) {
      const { fromSec, gone } = window
      // What is not shown of it may be there, and hidden from who sees less now.
      if (fromSec < (checkpoint.acceptedSec ?? 0)) continue
      const told = (one.get(fromSec) ?? 0) + ranges.reduce((sum, range) => sum + toldOf(range, window), 0)
      const untold = gone - told
      this.#suspected += Math.max(0, untold)
      if (untold <= 0) this.#missedMs.delete(fromSec)
      if (untold === 0) this.#calm.delete(fromSec)
      if (untold === 0 || this.#calm.get(fromSec) === gone) continue
      due.set(fromSec, untold)
      if (untold > 0) this.#missedMs.getOrInsertComputed(fromSec, () => this.#firstMissed(window))
    }
    return due
  }

  /** By an earlier process perhaps: the ledger says when it was compared. */
  #firstMissed({ checkedAtMs }: LedgerWindow): number {
    return Math.min(this.#deps.nowMs(), checkedAtMs ?? Number.POSITIVE_INFINITY)
  }

  /** The tail has passed the moment when it was missed: what was lost with it is known, too. */
  #isRipe({ fromSec }: LedgerWindow): boolean {
    const missedMs = this.#missedMs.get(fromSec)
    return missedMs !== undefined && this.#session.recorder.checkpoint.tailFromSec >= this.#sec(missedMs)
  }

  #clocks(): Clocks {
    const nowMs = this.#deps.nowMs()
    return { nowMs, skewMs: this.#session.nowSec() * 1000 - nowMs }
  }

  /** In Cloud Controller's clock. */
  #sec(ms: number): number {
    return Math.floor((ms + this.#clocks().skewMs) / 1000)
  }

  async #stretches(round: Round, signal: AbortSignal): Promise<readonly Stretch[]> {
    const stretches: Stretch[] = []
    const isRead = (window: LedgerWindow) => {
      const untold = round.due.get(window.fromSec)
      return untold !== undefined && (untold < 0 || (window.gone < window.held && this.#isRipe(window)))
    }
    const read = this.#turns.take(
      round.windows.filter(isRead).map(({ fromSec }) => fromSec),
      readWindowsMax,
    )
    for (const window of round.windows) {
      const { fromSec, held, gone } = window
      const untold = round.due.get(fromSec)
      const there = { isLost: false, window, count: held - gone, events: null }
      const lost = { isLost: true, window, count: untold ?? 0, events: null }
      if (untold === undefined) {
        // What was told is neither lost anew nor there.
        if (gone < held) stretches.push(there)
      } else if (!read.has(fromSec)) stretches.push(untold > 0 ? lost : there)
      else
        stretches.push(...((await this.#read(window, stretches.at(-1)?.isLost ?? false, signal)) ?? [lost]))
    }
    return stretches
  }

  /** Looks once more at a window of which a part is lost; null while that is not sure. */
  async #read(
    window: LedgerWindow,
    startsLost: boolean,
    signal: AbortSignal,
  ): Promise<readonly Stretch[] | null> {
    const seen = await secondLook(this.#session, window, signal)
    if (seen === null) return null
    await this.#returned(window, seen.keys)
    const clocks = this.#clocks()
    const held: HeldEvent[] = []
    for (const event of await this.#heldIn(window)) {
      if (!seen.keys.has(event.guid) && this.#isTold(event)) continue
      held.push(event)
      if (!seen.keys.has(event.guid) && !isSure(event, seen.newestSec, clocks)) return null
    }
    const stretches = stretchesOf(window, held, guid => !seen.keys.has(guid), startsLost)
    if (!stretches.some(({ isLost }) => isLost)) this.#calm.set(window.fromSec, window.gone)
    return stretches
  }

  #isTold({ guid, createdAtSec, receivedAtMs }: HeldEvent): boolean {
    const told = this.#told.of(guid)
    if (told !== null && !told.back) return true
    const isIn = (range: ToldRange) => range.fromSec <= createdAtSec && createdAtSec < range.toSec
    return this.#told.standing.some(range => isIn(range) && receivedAtMs <= range.atMs)
  }

  async #heldIn(window: LedgerWindow): Promise<readonly HeldEvent[]> {
    const events = await Array.fromAsync(this.#session.recorder.eventsOf(window))
    return events.filter(({ guid }) => !isOwnGuid(guid)).sort((a, b) => a.createdAtSec - b.createdAtSec)
  }

  async #consider(run: LossRun, round: Round, signal: AbortSignal): Promise<void> {
    const windows = run.stretches.map(({ window }) => window)
    const missed = windows.map(({ fromSec }) => this.#missedMs.get(fromSec) ?? this.#deps.nowMs())
    const missedMs = Math.min(...missed)
    if (run.stretches.some(isUnread) || !windows.every(window => this.#isRipe(window))) return
    const ends = await this.#endsOf(run)
    const reachesSec = this.#session.nowSec() - round.retentionSec + 60
    if (ends.last === null) for (const { fromSec, gone } of windows) this.#calm.set(fromSec, gone)
    if (ends.last === null || ends.last.createdAtSec < reachesSec) return
    const judged = { run, last: ends.last, missedMs, missedSec: this.#sec(missedMs), ...this.#judging(round) }
    if (isCleanUp(judged)) return
    // Older time that was not read yet may say that it is no beginning.
    const isWhole = this.#session.recorder.checkpoint.unread.every(
      ({ fromSec }) => fromSec >= (ends.last?.createdAtSec ?? 0),
    )
    if (run.count >= wholesaleMin && !isWhole) return
    const kind = run.count < wholesaleMin ? null : wholesaleKind(judged, await this.#nextOf(run))
    if (kind === null) await this.#tellEach(run, missedMs, reachesSec, round, signal)
    else await this.#tellAll(kind, run, ends, { missedMs, ...round }, signal)
  }

  #judging({ windows, retentionSec }: Round) {
    const { verifyIntervalMs, nowMs } = this.#deps
    return { historyFromSec: windows[0]?.fromSec ?? 0, retentionSec, verifyIntervalMs, nowMs: nowMs() }
  }

  /** The oldest that is still there after the run. */
  async #nextOf({ after }: LossRun): Promise<HeldEvent | null> {
    if (after === null) return null
    return after.events?.[0] ?? (await this.#heldIn(after.window))[0] ?? null
  }

  /** The first and the last event of the run, where the log still has them. */
  async #endsOf({ stretches }: LossRun): Promise<Ends> {
    const of = async (stretch: Stretch | undefined) =>
      stretch === undefined ? [] : (stretch.events ?? (await this.#untoldIn(stretch.window)))
    const first = (await of(stretches[0])).at(0) ?? null
    return { first, last: (await of(stretches.at(-1))).at(-1) ?? null }
  }

  async #untoldIn(window: LedgerWindow): Promise<readonly HeldEvent[]> {
    return (await this.#heldIn(window)).filter(event => !this.#isTold(event))
  }

  async #tellEach(
    run: LossRun,
    missedMs: number,
    reachesSec: number,
    round: Round,
    signal: AbortSignal,
  ): Promise<void> {
    // All of it at once, however many windows it has: what is lost has no rows to be read.
    const range = rangeOfSpan(run.stretches.map(({ window }) => window))
    const isRead = run.stretches.every(({ events }) => events !== null)
    const seen = isRead ? null : await secondLook(this.#session, range, signal)
    if ((!isRead && seen === null) || !(await mayClose(this.#session, signal))) return
    for (const stretch of run.stretches) {
      if (round.told >= tellMax) return
      const events = stretch.events ?? (seen && (await this.#sureIn(stretch.window, seen)))
      if (events === null) continue
      const told = events.filter(({ createdAtSec }) => createdAtSec >= reachesSec)
      const context = { nowSec: this.#session.nowSec(), missedMs, retentionSec: round.retentionSec }
      for (let at = 0; at < told.length; at += tellMax) {
        const part = told.slice(at, at + tellMax)
        await this.#session.recorder.tell(
          // One that came back and is lost again was told.
          part
            .filter(({ guid }) => this.#told.of(guid) === null)
            .map(event => missingEvent(event, stretch.window, context)),
          part.map(({ guid, createdAtSec }) =>
            eventRecord(guid, { sec: createdAtSec, atMs: this.#deps.nowMs() }),
          ),
        )
      }
      round.told += told.length
      this.#calm.set(stretch.window.fromSec, stretch.window.gone)
      for (const { guid, createdAtSec } of told)
        this.#session.observer.sourceLoss?.({
          kind: 'event-missing',
          count: 1,
          guid,
          fromSec: createdAtSec,
          toSec: createdAtSec + 1,
        })
    }
  }

  /** The events of a window that has lost all, after a second look; null while that is not sure. */
  async #sureIn(window: LedgerWindow, seen: SecondLook): Promise<readonly HeldEvent[] | null> {
    const clocks = this.#clocks()
    const lost = (await this.#untoldIn(window)).filter(({ guid }) => !seen.keys.has(guid))
    return lost.every(event => isSure(event, seen.newestSec, clocks)) ? lost : null
  }

  async #tellAll(
    kind: Exclude<LossKind, 'event-missing'>,
    run: LossRun,
    { first, last }: Ends,
    round: Round & { readonly missedMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { recorder, source, observer } = this.#session
    const windows = run.stretches.map(({ window }) => window)
    const fromSec = first?.createdAtSec ?? windows[0]?.fromSec ?? 0
    const toSec = last?.createdAtSec ?? windows.at(-1)?.toSec ?? 0
    const segment = await readSegment(source, { fromSec }, signal)
    await recorder.record(segment.rows)
    if (segment.failure !== undefined) throw segment.failure
    const rows = segment.rows.map(row => ({ guid: rowKey(row), sec: rawCreatedAtSec(row) ?? 0 }))
    const newestSec = Math.max(0, ...rows.map(({ sec }) => sec))
    if (last === null || !isSure(last, newestSec, this.#clocks())) return
    const counted = await source.countAuditEvents({ fromSec, toSec: toSec + 1 }, signal)
    // At both ends there may be others of the same second.
    const isThere = rows.some(({ sec }) => sec > fromSec && sec < toSec)
    if (isThere || !(await mayClose(this.#session, signal))) return
    const { foundation } = this.#deps
    const next = rows.find(({ sec }) => sec >= toSec) ?? null
    const before = run.before?.window ?? null
    const loss: WholesaleLoss = {
      ...{ kind, foundation, fromSec, toSec, count: run.count, windows, first, last, next, before, counted },
    }
    const context = {
      nowSec: this.#session.nowSec(),
      missedMs: round.missedMs,
      retentionSec: round.retentionSec,
    }
    const range = toldRange(loss, run, this.#deps.nowMs())
    await recorder.tell([wholesaleEvent(loss, context)], [rangeRecord(range)])
    round.told++
    observer.sourceLoss?.({ kind, count: run.count, guid: null, fromSec, toSec: toSec + 1 })
  }

  /** Events that were told one by one, and are shown again. */
  async #returned(range: Range, keys: ReadonlySet<string>): Promise<void> {
    const back: NameRecord[] = []
    for (const [guid, told] of this.#told.events()) {
      if (told.sec < range.fromSec || told.sec >= range.toSec || told.back || !keys.has(guid)) continue
      back.push(eventRecord(guid, { ...told, back: true }))
      this.#session.observer.sourceReturned?.({ count: 1, guid, fromSec: told.sec, toSec: told.sec + 1 })
    }
    if (back.length > 0) await this.#session.recorder.tell([], back)
  }

  /** What was told of time that has expired, and what has come back of what was told at once. */
  async #forget(windows: readonly LedgerWindow[]): Promise<void> {
    const { recorder, observer } = this.#session
    const firstSec = windows[0]?.fromSec
    // The oldest time that has not expired, passed or not: while all of it is read again nothing of it is forgotten.
    const oldestSec = recorder.ledger.windows.find(({ state }) => state !== 'expired')?.fromSec
    const changes: NameRecord[] = oldestSec === undefined ? [] : [...this.#told.expired(oldestSec)]
    for (const range of this.#told.standing) {
      if (firstSec === undefined || range.fromSec < firstSec) continue
      const isIn = ({ fromSec, toSec }: LedgerWindow) => fromSec < range.toSec && toSec > range.fromSec
      const gone = windows.filter(isIn).reduce((sum, window) => sum + window.gone, 0)
      const back = Math.max(0, range.count - gone)
      if (back === range.back) continue
      changes.push(rangeRecord({ ...range, back }))
      const { fromSec, toSec } = range
      if (back > range.back)
        observer.sourceReturned?.({ count: back - range.back, guid: null, fromSec, toSec })
    }
    if (changes.length > 0) await recorder.tell([], changes)
  }
}

interface Ends {
  readonly first: HeldEvent | null
  readonly last: HeldEvent | null
}

interface Round {
  readonly retentionSec: number
  readonly windows: readonly LedgerWindow[]
  readonly due: ReadonlyMap<number, number>
  told: number
}
