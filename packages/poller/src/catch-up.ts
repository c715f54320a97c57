import type { Clock } from '@cf-audit-drain/pipeline'
import { LookMaker } from './look.ts'
import { rowsWanted } from './options.ts'
import { type Range, type Ranges, subtract, union } from './range.ts'
import { readSegment, rowsWantedOf, type Segment } from './read-segment.ts'
import { compare } from './reconcile.ts'
import { mayClose, type Session } from './session.ts'

const widthMaxSec = 86_400
/** Readings of one window that did not agree with Cloud Controller's own count, before it is given time. */
const hastyReadings = 3
/** Then it is passed as short: the others behind it must not wait for a row that is never shown. */
const readingsMax = 12

/** How wide the next window should be for a request to return about so many rows. */
export class WindowWidth {
  #perSec: number
  readonly #rows: number

  /** `perSec`: rows a second over the whole range, from one count. */
  constructor(perSec: number, rows = rowsWanted) {
    this.#perSec = perSec
    this.#rows = rows
  }

  get sec(): number {
    if (this.#perSec <= 0) return widthMaxSec
    return Math.min(widthMaxSec, Math.max(1, Math.round(this.#rows / this.#perSec)))
  }

  /** Quickly down, slowly up: a window too wide costs more than one too narrow. */
  learn(rows: number, sec: number): void {
    const now = rows / Math.max(1, sec)
    this.#perSec = now > this.#perSec ? now : (this.#perSec * 2 + now) / 3
  }

  tooWide(): void {
    this.#perSec = Math.max(this.#perSec, this.#rows / widthMaxSec) * 2
  }
}

/** What was read and recorded while no window could be passed: of the same session it is read again only to be passed. */
export interface Unpassed {
  read: Ranges
}

/**
 * Reads what the tail skipped, oldest first because Cloud Controller's clean-up comes from that end. While one window
 * is being recorded the next is already asked for; a window and the checkpoint that says it is read are published
 * together. While nothing may be passed everything is recorded once. Returns when nothing is left.
 */
export async function catchUp(
  session: Session,
  clock: Clock,
  signal: AbortSignal,
  unpassed: Unpassed = { read: [] },
): Promise<void> {
  for (;;) {
    const range = (await leftToRead(session, unpassed, signal))[0]
    if (range === undefined) return
    const rows = await session.source.countAuditEvents(range, signal)
    const width = new WindowWidth(rows / (range.toSec - range.fromSec), rowsWantedOf(session.source))
    await readAll(session, range, { width, clock, unpassed }, signal)
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
  {
    width,
    clock,
    unpassed,
  }: { readonly width: WindowWidth; readonly clock: Clock; readonly unpassed: Unpassed },
  signal: AbortSignal,
) {
  const read = (fromSec: number) => {
    const window = { fromSec, toSec: Math.min(range.toSec, fromSec + width.sec) }
    const segment = readWhenSpared(session, window, signal).then(async read => {
      await session.recorder.prepare(read.rows)
      return read
    })
    segment.catch(() => undefined) // awaited later, or given up with this function
    return { ...window, segment }
  }
  let next = read(range.fromSec)
  let disagreements = 0
  for (;;) {
    const { fromSec, toSec } = next
    const segment = await next.segment
    const endSec = Math.min(segment.toSec ?? toSec, toSec)
    if (segment.failure !== undefined) {
      await session.recorder.record(segment.rows)
      throw segment.failure
    }
    width.learn(segment.rows.length, endSec - fromSec)
    session.observer.missing?.('catch-up', segment.missing)
    const window = { fromSec, toSec: endSec }
    if (!segment.complete && (disagreements < readingsMax || !isInOne(session, window))) {
      await session.recorder.record(segment.rows)
      width.tooWide()
      if (++disagreements >= hastyReadings) await clock.sleep(1_000, signal)
      next = read(fromSec)
      continue
    }
    const isSure = await mayClose(session, signal)
    disagreements = 0
    const done = endSec >= range.toSec
    if (!done) next = read(endSec)
    if (isSure) await pass(session, window, segment)
    else {
      await session.recorder.record(segment.rows)
      unpassed.read = union(unpassed.read, window)
    }
    if (done) return
  }
}

async function readWhenSpared(session: Session, window: Range, signal: AbortSignal): Promise<Segment> {
  await session.spareRequest?.(signal)
  return readSegment(session.source, window, signal)
}

/** Of the windows of the ledger: then it is known which of them is short. */
function isInOne({ recorder: { ledger } }: Session, { fromSec, toSec }: Range): boolean {
  return ledger.rangeOf(fromSec).toSec >= toSec
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
    look.made({ missing: segment.missing }),
  )
  if (segment.complete) session.observer.compared?.(compared)
}
