import type { Clock } from '@cf-audit-drain/pipeline'
import { Disagreement } from './disagreement.ts'
import type { LookMaker } from './look.ts'
import { type Range, type Ranges, subtract, union } from './range.ts'
import type { Segment } from './read-segment.ts'
import { compare } from './reconcile.ts'
import { mayClose, type Session } from './session.ts'
import { endOf, WindowsAhead } from './windows-ahead.ts'

/** What goes on from one try to the next when a request fails between them. */
export interface CatchUpTries {
  readonly disagreement: Disagreement
  /** A window was passed: what failed before is over. */
  readonly passed: () => void
  readonly unpassed: Unpassed
}

/** What was read and recorded while no window could be passed: of the same session it is read again only to be passed. */
export interface Unpassed {
  read: Ranges
}

/**
 * Reads what the tail skipped, oldest first because Cloud Controller's clean-up comes from that end. While one window
 * is being recorded those behind it are already asked for; a window and the checkpoint that says it is read are published
 * together. While nothing may be passed everything is recorded once. Returns when nothing is left.
 */
export async function catchUp(
  session: Session,
  clock: Clock,
  signal: AbortSignal,
  tries: Partial<CatchUpTries> = {},
): Promise<void> {
  const { disagreement = new Disagreement(), passed = () => undefined, unpassed = { read: [] } } = tries
  for (;;) {
    const range = (await leftToRead(session, unpassed, signal))[0]
    if (range === undefined) return
    const rows = await session.source.countAuditEvents(range, signal)
    const ahead = new WindowsAhead(session, range, rows, disagreement, signal)
    try {
      await readAll(session, range, ahead, { disagreement, passed, unpassed }, clock, signal)
    } finally {
      ahead.end()
    }
  }
}

async function leftToRead(session: Session, unpassed: Unpassed, signal: AbortSignal): Promise<Ranges> {
  const { unread } = session.recorder.checkpoint
  if (unread.length === 0 || (await mayClose(session, signal))) return unread
  return unpassed.read.reduce<Ranges>(subtract, unread)
}

async function readAll(
  session: Session,
  range: Range,
  ahead: WindowsAhead,
  { disagreement, passed, unpassed }: CatchUpTries,
  clock: Clock,
  signal: AbortSignal,
) {
  let reading = ahead.read(range.fromSec)
  for (;;) {
    const { look } = reading
    const segment = await reading.segment
    const window = { fromSec: reading.window.fromSec, toSec: endOf(reading.window, segment) }
    if (segment.failure !== undefined) {
      await session.recorder.record(segment.rows)
      throw segment.failure
    }
    session.observer.missing?.('catch-up', segment.missing)
    if (!segment.complete) disagreement.found(window)
    const isInOne = window.toSec <= session.recorder.ledger.rangeOf(window.fromSec).toSec
    if (!segment.complete && !(disagreement.isStubborn && isInOne)) {
      await session.recorder.record(segment.rows)
      // A wide window is narrowed first: then it is known which window of the ledger it is.
      if (disagreement.isToBeGivenTime && isInOne) await clock.sleep(1_000, signal)
      ahead.recorded()
      reading = ahead.read(window.fromSec)
      continue
    }
    const isSure = await mayClose(session, signal)
    disagreement.passed(window.toSec)
    const isDone = window.toSec >= range.toSec
    if (!isDone) {
      reading = reading.next ?? ahead.read(window.toSec)
      ahead.readOn(reading)
    }
    if (isSure) await pass(session, window, segment, look)
    else {
      await session.recorder.record(segment.rows)
      unpassed.read = union(unpassed.read, window)
    }
    ahead.recorded()
    // It is read again by the ledger, and not here.
    if (segment.missing > 0) session.observer.missing?.('catch-up', 0)
    passed()
    if (isDone) return
  }
}

async function pass(session: Session, window: Range, segment: Segment, look: LookMaker): Promise<void> {
  const compared = compare(session, window, [segment], look.since)
  const isEqual = segment.complete && compared.heldNotShown.length === 0
  const shown = look.add(segment).made({
    missing: segment.missing,
    expiresBeforeSec: session.cleanUp?.reachesSec(session.nowSec()) ?? Number.NEGATIVE_INFINITY,
  })
  await session.recorder.record(
    segment.rows,
    now => ({
      ...now,
      unread: subtract(now.unread, window),
      closedWindows: now.closedWindows + (isEqual ? 1 : 0),
    }),
    { ...shown, range: window },
  )
  if (segment.complete) session.observer.compared?.(compared)
}
