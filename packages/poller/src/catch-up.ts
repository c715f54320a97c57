import type { Clock } from '@cf-audit-drain/pipeline'
import { Disagreement } from './disagreement.ts'
import { LookMaker } from './look.ts'
import { type Range, subtract } from './range.ts'
import { readSegment, rowsWantedOf, type Segment } from './read-segment.ts'
import { compare } from './reconcile.ts'
import { mayClose, type Session } from './session.ts'
import { WindowWidth } from './window-width.ts'

/** What goes on from one try to the next when a request fails between them. */
export interface CatchUpTries {
  readonly disagreement: Disagreement
  /** A window was passed: what failed before is over. */
  readonly passed: () => void
}

/**
 * Reads what the tail skipped, oldest first because Cloud Controller's clean-up comes from that end. While one window
 * is being recorded the next is already asked for; a window and the checkpoint that says it is read are published
 * together. Returns when nothing is left.
 */
export async function catchUp(
  session: Session,
  clock: Clock,
  signal: AbortSignal,
  { disagreement = new Disagreement(), passed = () => undefined }: Partial<CatchUpTries> = {},
): Promise<void> {
  for (
    let range = session.recorder.checkpoint.unread[0];
    range;
    range = session.recorder.checkpoint.unread[0]
  ) {
    if (!(await mayClose(session, signal))) return
    const rows = await session.source.countAuditEvents(range, signal)
    const width = new WindowWidth(rows / (range.toSec - range.fromSec), rowsWantedOf(session.source))
    await readAll(session, range, width, { disagreement, passed }, clock, signal)
  }
}

async function readAll(
  session: Session,
  range: Range,
  width: WindowWidth,
  { disagreement, passed }: CatchUpTries,
  clock: Clock,
  signal: AbortSignal,
) {
  const read = (fromSec: number) => {
    const windowToSec = session.recorder.ledger.rangeOf(fromSec).toSec
    const widthSec = Math.min(width.sec, disagreement.widthSecAt(fromSec, windowToSec))
    const window = { fromSec, toSec: Math.min(range.toSec, fromSec + widthSec) }
    const segment = readWhenSpared(session, window, signal).then(async read => {
      await session.recorder.prepare(read.rows)
      return read
    })
    segment.catch(() => undefined) // awaited later, or given up with this function
    return { ...window, segment }
  }
  let next = read(range.fromSec)
  for (;;) {
    const { fromSec, toSec } = next
    const segment = await next.segment
    const endSec = Math.min(segment.toSec ?? toSec, toSec)
    if (segment.failure !== undefined) {
      await session.recorder.record(segment.rows)
      throw segment.failure
    }
    session.observer.missing?.('catch-up', segment.missing)
    const window = { fromSec, toSec: endSec }
    if (segment.complete) width.learn(segment.rows.length, endSec - fromSec)
    else disagreement.found(window)
    const isInOne = endSec <= session.recorder.ledger.rangeOf(fromSec).toSec
    if (!segment.complete && !(disagreement.isStubborn && isInOne)) {
      await session.recorder.record(segment.rows)
      // A wide window is narrowed first: then it is known which window of the ledger it is.
      if (disagreement.isToBeGivenTime && isInOne) await clock.sleep(1_000, signal)
      next = read(fromSec)
      continue
    }
    if (!(await mayClose(session, signal))) {
      await session.recorder.record(segment.rows)
      return
    }
    disagreement.passed(endSec)
    const done = endSec >= range.toSec
    if (!done) next = read(endSec)
    await pass(session, window, segment)
    passed()
    if (done) return
  }
}

async function readWhenSpared(session: Session, window: Range, signal: AbortSignal): Promise<Segment> {
  await session.spareRequest?.(signal)
  return readSegment(session.source, window, signal)
}

async function pass(session: Session, window: Range, segment: Segment): Promise<void> {
  const compared = compare(session, window, [segment])
  const isEqual = segment.complete && compared.heldNotShown.length === 0
  const look = new LookMaker(session.recorder.ledger, window).add(segment)
  await session.recorder.record(
    segment.rows,
    now => ({
      ...now,
      unread: subtract(now.unread, window),
      closedWindows: now.closedWindows + (isEqual ? 1 : 0),
    }),
    look.made({
      missing: segment.missing,
      expiresBeforeSec: session.cleanUp?.reachesSec(session.nowSec()) ?? Number.NEGATIVE_INFINITY,
    }),
  )
  if (segment.complete) session.observer.compared?.(compared)
}
