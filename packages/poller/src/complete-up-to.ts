import type { Checkpoint } from './checkpoint.ts'

/** Everything before it has been read. */
export function completeUpToSec({ tailFromSec, unread }: Checkpoint): number {
  return Math.min(tailFromSec, unread[0]?.fromSec ?? Infinity)
}
