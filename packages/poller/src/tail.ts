import type { Checkpoint } from './checkpoint.ts'
import type { LookMaker } from './look.ts'
import { type PollerOptions, tileSec } from './options.ts'
import { cutAt, type Range, type Ranges, subtract, union } from './range.ts'
import { type RecordedSegment, readOn } from './read-on.ts'
import { rowsWantedOf, type Segment } from './read-segment.ts'
import { compare, nothing, readOld, readRange, reconcileByCount, sum } from './reconcile.ts'
import { mayClose, type Session } from './session.ts'

/** The newest rows, always read; on a busy foundation the rest of the overlap is first asked for its count. */
const newestSec = 30
/** A tail longer than this many overlaps is left to the catch-up, oldest first, and the tail starts anew. */
const overlapsMax = 3

export interface Poll {
  readonly published: number
  readonly rows: number
}

/**
 * One poll of the live tail: everything from the end of the closed windows to now and beyond (no upper end: a
 * database clock ahead of ours hides nothing), and the closing of the windows that have left the overlap.
 */
export async function pollTail(session: Session, options: PollerOptions, signal: AbortSignal): Promise<Poll> {
  const overlapSec = Math.ceil(options.overlapMs / 1000)
  const closeToSec = Math.floor((session.nowSec() - overlapSec) / tileSec) * tileSec
  await leaveToCatchUp(session, closeToSec, overlapSec)
  const { tailFromSec } = session.recorder.checkpoint
  const busy =
    session.recorder.seen.count(tailFromSec, Number.POSITIVE_INFINITY) > 2 * rowsWantedOf(session.source)
  const closing = { fromSec: tailFromSec, toSec: closeToSec }
  const look = session.recorder.look(closing)
  try {
    const poll = busy
      ? await pollBusy(session, closeToSec, signal)
      : await readSegments(session, { fromSec: tailFromSec }, signal)
    await close(session, closing, poll.segments, look, signal)
    return { published: poll.published, rows: poll.rows }
  } finally {
    look.end()
  }
}

interface Reading extends Poll {
  readonly segments: readonly Segment[]
}

async function readSegments(
  session: Session,
  window: { readonly fromSec: number; readonly toSec?: number },
  signal: AbortSignal,
): Promise<Reading> {
  const segments: RecordedSegment[] = []
  for await (const segment of readOn(session, window, signal)) segments.push(segment)
  return {
    published: segments.reduce((sum, segment) => sum + segment.published, 0),
    rows: segments.reduce((sum, segment) => sum + segment.rows.length, 0),
    segments,
  }
}

/** Reads what closes now and what is newest; between the two a count decides whether there is anything to read. */
async function pollBusy(session: Session, closeToSec: number, signal: AbortSignal): Promise<Reading> {
  const { tailFromSec } = session.recorder.checkpoint
  const middleSec = Math.max(tailFromSec, closeToSec)
  const hotSec = Math.max(middleSec, session.recorder.seen.newestSec - newestSec)
  const newest = await readSegments(session, { fromSec: hotSec }, signal)
  const middle = await reconcileByCount(session, { fromSec: middleSec, toSec: hotSec }, signal)
  const closing = await readSegments(session, { fromSec: tailFromSec, toSec: middleSec }, signal)
  return {
    published: newest.published + middle.published + closing.published,
    rows: newest.rows + middle.rows + closing.rows,
    segments: closing.segments,
  }
}

/** Passes the windows that have left the overlap when they were read whole. */
async function close(
  session: Session,
  range: Range,
  segments: readonly Segment[],
  look: LookMaker,
  signal: AbortSignal,
): Promise<void> {
  const closeToSec = range.toSec
  if (closeToSec <= range.fromSec) return
  const closing = segments.filter(segment => segment.fromSec < closeToSec)
  if (closing.length === 0) return
  const missing = closing.reduce((sum, segment) => sum + segment.missing, 0)
  session.observer.missing?.('poll', missing)
  if (missing > 0 || !(await mayClose(session, signal))) return
  const window = compare(session, range, closing, look.since)
  for (const segment of closing) look.add(segment)
  await session.recorder.record(
    [],
    now => ({
      ...now,
      tailFromSec: closeToSec,
      closedWindows: now.closedWindows + (window.heldNotShown.length === 0 ? 1 : 0),
    }),
    look.made(),
  )
  session.observer.compared?.(window)
}

async function leaveToCatchUp(session: Session, closeToSec: number, overlapSec: number): Promise<void> {
  const { tailFromSec } = session.recorder.checkpoint
  if (closeToSec - tailFromSec <= overlapsMax * Math.max(overlapSec, tileSec)) return
  await session.recorder.record([], now => skipTo(now, closeToSec))
}

function skipTo(now: Checkpoint, toSec: number): Checkpoint {
  return { ...now, tailFromSec: toSec, unread: union(now.unread, { fromSec: now.tailFromSec, toSec }) }
}

/**
 * Reads closed windows again, for rows that became visible after the overlap had passed them. The longest sweep begins
 * where the last one left off rather than a fixed time back: a window is never left before it was read once when it was
 * as old as that sweep looks back, whatever stood still in between. While nothing may be closed it is read all the same, what
 * the catch-up has left unread with it, for it will not be read again before it may be.
 */
export async function sweep(
  session: Session,
  over: { readonly overMs: number; readonly compare: 'count' | 'guids' },
  isLongest: boolean,
  signal: AbortSignal,
): Promise<Poll> {
  const isSure = await mayClose(session, signal)
  const { tailFromSec, startSec, settledSec, unread } = session.recorder.checkpoint
  const backToSec = session.nowSec() - Math.ceil(over.overMs / 1000)
  const fromSec = Math.max(startSec, isSure && isLongest ? Math.min(settledSec, backToSec) : backToSec)
  const readRecent = over.compare === 'count' ? reconcileByCount : readRange
  let found = nothing
  const whole = { fromSec, toSec: Math.max(fromSec, tailFromSec) }
  const ranges = isSure ? unread.reduce<Ranges>(subtract, [whole]) : [whole]
  // Where nothing was settled for long it begins before what is in memory.
  const [old, recent] = cutAt(ranges, session.recorder.seenFromSec)
  const parts = [
    ...old.map(range => ({ range, read: readOld })),
    ...recent.map(range => ({ range, read: readRecent })),
  ]
  for (const { range, read } of parts) {
    const part = await read(session, range, signal)
    if (isSure && part.published > 0) session.observer.late?.({ ...range, published: part.published })
    found = sum(found, part)
  }
  if (isSure && isLongest && found.complete && backToSec > settledSec && (await mayClose(session, signal)))
    await session.recorder.record([], now => ({ ...now, settledSec: Math.min(backToSec, now.tailFromSec) }))
  return found
}
