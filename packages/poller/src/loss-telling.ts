import { rawCreatedAtSec } from '@cf-audit-drain/event'
import type { LedgerWindow } from '@cf-audit-drain/log'
import { rangeOfSpan } from './clean-up.ts'
import { CountedSeconds } from './counted-seconds.ts'
import type { HeldRow } from './held-rows.ts'
import { missingEvent, type WholesaleLoss, wholesaleEvent } from './loss-event.ts'
import type { LossRound } from './loss-round.ts'
import type { LossRun } from './loss-run.ts'
import { readSegment } from './read-segment.ts'
import { rowKey } from './row-key.ts'
import { isSure, type SecondLook, secondLook } from './second-look.ts'
import { mayClose } from './session.ts'
import { eventRecord, lastToldRecord, rangeRecord } from './told-losses.ts'
import { toldRange } from './told-range.ts'

/** Of one look, and in one publish; what is left comes at the next. */
export const tellMax = 500

/** A run that is to be told, and what is known about it. */
export interface RunToTell {
  readonly run: LossRun
  /** When it was first missed, in our clock. */
  readonly missedMs: number
  /** The first and the last row of it, where the log still has them. */
  readonly first: HeldRow | null
  readonly last: HeldRow
}

/** Of one look: what is stamped at or after `reachesSec`; once there are `max`, nothing of another window. */
export interface TellLimits {
  readonly reachesSec: number
  readonly max: number
}

/** Tells each row of a run by itself. Resolves to how many were told. */
export async function tellEach(
  round: LossRound,
  { run, missedMs }: RunToTell,
  { reachesSec, max }: TellLimits,
  signal: AbortSignal,
): Promise<number> {
  const { session } = round
  // All of it at once, however many windows it has: what is lost has no rows to be read.
  const range = rangeOfSpan(run.stretches.map(({ window }) => window))
  const isRead = run.stretches.every(({ events }) => events !== null)
  const seen = isRead ? null : await secondLook(session, range, signal)
  const counting = seen && (await CountedSeconds.of(session.source, range, seen, signal))
  if ((!isRead && seen === null) || !(await mayClose(session, signal))) return 0
  let count = 0
  for (const { events, window } of run.stretches) {
    if (count >= max) break
    const lost = events ?? (seen && counting && (await sureIn(round, window, { seen, counting }, signal)))
    if (lost === null) continue
    const told = lost.filter(({ createdAtSec }) => createdAtSec >= reachesSec)
    for (let at = 0; at < told.length; at += tellMax)
      await tellRows(round, told.slice(at, at + tellMax), window, missedMs)
    count += told.length
    round.suspected.calm(window)
    for (const { guid, createdAtSec: fromSec } of told)
      session.observer.sourceLoss?.({ kind: 'event-missing', count: 1, guid, fromSec, toSec: fromSec + 1 })
  }
  return count
}

async function tellRows(
  { session, told, retentionSec, nowMs }: LossRound,
  rows: readonly HeldRow[],
  window: LedgerWindow,
  missedMs: number,
): Promise<void> {
  const context = { nowSec: session.nowSec(), missedMs, retentionSec }
  // One that came back and is lost again was told.
  const news = rows.filter(({ guid }) => told.of(guid) === null)
  await session.recorder.tell(
    news.map(row => missingEvent(row, window, context)),
    [
      ...rows.map(({ guid, createdAtSec }) => eventRecord(guid, { sec: createdAtSec, atMs: nowMs() })),
      lastToldRecord('event-missing', nowMs()),
    ],
  )
}

/** What is held of a window that has lost all, after a second look; null while that is not sure. */
async function sureIn(
  round: LossRound,
  window: LedgerWindow,
  { seen, counting }: { readonly seen: SecondLook; readonly counting: CountedSeconds },
  signal: AbortSignal,
): Promise<readonly HeldRow[] | null> {
  const clocks = round.clocks()
  const unseen = (await round.untoldIn(window)).filter(({ guid }) => !seen.keys.has(guid))
  const counted = await counting.among(
    unseen.map(({ createdAtSec }) => createdAtSec),
    signal,
  )
  // A narrower token counts less.
  const isAsked = counting.isWhole || (await mayClose(round.session, signal))
  if (counted === null || !isAsked) return null
  const lost = unseen.filter(({ createdAtSec }) => !counted.has(createdAtSec))
  return lost.every(row => isSure(row, seen.newestSec, clocks)) ? lost : null
}

/** Tells a run in one event; each row by itself where some of it are counted. Resolves to how much was told: 0 while it is not sure. */
export async function tellAll(
  round: LossRound,
  kind: WholesaleLoss['kind'],
  foundation: string,
  toTell: RunToTell,
  limits: TellLimits,
  signal: AbortSignal,
): Promise<number> {
  const { run, missedMs, first, last } = toTell
  const { session, retentionSec, nowMs } = round
  const { recorder, source, observer } = session
  const windows = run.stretches.map(({ window }) => window)
  const fromSec = first?.createdAtSec ?? windows[0]?.fromSec ?? 0
  const toSec = last.createdAtSec
  const segment = await readSegment(source, { fromSec }, signal)
  await recorder.record(segment.rows)
  if (segment.failure !== undefined) throw segment.failure
  const rows = segment.rows.map(row => ({ guid: rowKey(row), sec: rawCreatedAtSec(row) ?? 0 }))
  const newestSec = Math.max(0, ...rows.map(({ sec }) => sec))
  if (!isSure(last, newestSec, round.clocks())) return 0
  const counted = await source.countAuditEvents({ fromSec, toSec: toSec + 1 }, signal)
  // At both ends there may be others of the same second.
  const isThere = rows.some(({ sec }) => sec > fromSec && sec < toSec)
  if (isThere) return 0
  const shown = rows.filter(({ sec }) => sec >= fromSec && sec <= toSec).length
  if (counted > shown) return tellEach(round, toTell, limits, signal)
  if (!(await mayClose(session, signal))) return 0
  const next = rows.find(({ sec }) => sec >= toSec) ?? null
  const before = run.before?.window ?? null
  const { count } = run
  const loss: WholesaleLoss = {
    ...{ kind, foundation, fromSec, toSec, count, windows, first, last, next, before, counted },
  }
  const event = wholesaleEvent(loss, { nowSec: session.nowSec(), missedMs, retentionSec })
  const told = [rangeRecord(toldRange(loss, run, nowMs())), lastToldRecord(kind, nowMs())]
  await recorder.tell([event], told)
  observer.sourceLoss?.({ kind, count, guid: null, fromSec, toSec: toSec + 1 })
  return 1
}
