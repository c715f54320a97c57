import type { Checkpoint } from './checkpoint.ts'

/** The second was read whole: what comes there now is late. */
export function isPassed(sec: number, { tailFromSec, unread }: Checkpoint): boolean {
  return sec < tailFromSec && unread.every(({ fromSec, toSec }) => sec < fromSec || sec >= toSec)
}
