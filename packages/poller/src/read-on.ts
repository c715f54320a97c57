import { readSegment, type Segment } from './read-segment.ts'
import type { Session } from './session.ts'

/** A segment that is in the log. */
export interface RecordedSegment extends Segment {
  readonly published: number
}

/**
 * Reads from `fromSec` to `toSec`, or to the open end, each segment recorded before the next is asked for, and before
 * the failure that broke it off is thrown.
 * `endOf` says how far one request should reach.
 */
export async function* readOn(
  session: Session,
  window: { readonly fromSec: number; readonly toSec?: number },
  signal: AbortSignal,
  endOf: (fromSec: number) => number | undefined = () => window.toSec,
): AsyncGenerator<RecordedSegment> {
  let cursorSec: number | null = window.fromSec
  while (cursorSec !== null && cursorSec < (window.toSec ?? Number.POSITIVE_INFINITY)) {
    const toSec: number | undefined = endOf(cursorSec)
    const segment: Segment = await readSegment(
      session.source,
      { fromSec: cursorSec, ...(toSec === undefined ? {} : { toSec }) },
      signal,
    )
    const published = await session.recorder.record(segment.rows)
    if (segment.failure !== undefined) throw segment.failure
    yield { ...segment, toSec: segment.toSec ?? toSec ?? null, published }
    cursorSec = segment.toSec ?? toSec ?? null
  }
}
