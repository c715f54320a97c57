import { isOldestShown, type OldestShown } from './oldest-shown.ts'
import type { Range, Ranges } from './range.ts'
import { readSeenRights, type SeenRights } from './seen-rights.ts'

/**
 * What one foundation's poller resumes from. Written with the events it speaks of, in one transaction.
 *
 * Time before `tailFromSec` is closed but for `unread`; from `tailFromSec` on it is read again at every poll.
 */
export interface Checkpoint {
  /** Nothing before this is asked for: what the operator's `startFrom` came to at the first start. */
  readonly startSec: number
  /** An event stamped at or after this is live, one before it is backfill. Fixed at the first start. */
  readonly baselineSec: number
  readonly tailFromSec: number
  /**
   * What lies before it, `unread` apart, was read when it was older than the longest sweep looks back: no row that is
   * late by less can be missing there.
   */
  readonly settledSec: number
  /** What the tail skipped (a first start's history, an outage) and nobody has read yet, oldest first. */
  readonly unread: Ranges
  /** Windows closed so far, for a counter that survives restarts. */
  readonly closedWindows: number
  /** When it was written, milliseconds in our clock. */
  readonly writtenMs: number
  /** With what rights windows were closed. Absent: by a version that did not look, or nothing was closed. */
  readonly rights?: SeenRights
  /** When the operator last accepted that less is seen, in Cloud Controller's clock: of the time before, what is not shown may be hidden. */
  readonly acceptedSec?: number
  /** The identity sees less than that. Absent: it does not. */
  readonly narrowed?: NarrowedSince
  /** The ledger speaks of all that is held and passed. Absent: it is to be built first. */
  readonly hasLedger?: boolean
  /**
   * Passed time of which retention had removed events, or may have, when the ledger was built: what is shown there may have been
   * recorded long ago, and how much of it nobody knows. Absent: there is none.
   */
  readonly forgotten?: Ranges
  /** When the ledger was last compared with Cloud Controller, and how long that seemed to keep events. Absent: never. */
  readonly verified?: LastVerified
  /** Nothing stamped before it was ever recorded: where the first start of an empty log began. Absent: that is not known. */
  readonly beganSec?: number
  /** What was seen of the oldest event at the first start, and whenever the ledger was compared. Absent: nothing. */
  readonly oldest?: OldestShown
}

export interface LastVerified {
  /** In our clock. */
  readonly atMs: number
  /** Of the oldest event that was shown; null when that was not known. */
  readonly oldestSec: number | null
  readonly retentionSec: number
}

/** What a later process could not find out of rights that were narrowed. */
export interface NarrowedSince {
  /** When it was first met, in our clock. */
  readonly sinceMs: number
  /** Roles that were lost, as far as a process had seen them: at most so many as one sentence names, and one more. */
  readonly lost: readonly string[]
}

const version = 1

export class CheckpointUnreadableError extends Error {
  override readonly name = 'CheckpointUnreadableError'
}

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return JSON.stringify({ version, ...checkpoint })
}

/** @throws CheckpointUnreadableError: what to resume from is then the operator's decision, never "from scratch". */
export function decodeCheckpoint(text: string): Checkpoint {
  let value: Partial<Checkpoint> & { version?: unknown }
  try {
    value = JSON.parse(text)
  } catch {
    throw foreign('is not JSON', text)
  }
  if (Number(value?.version) > version && Number.isSafeInteger(value.version))
    throw new CheckpointUnreadableError(
      `the checkpoint in the log has version ${String(value.version)}, this program reads version ${version}: ` +
        'a newer version of this program wrote it, or somebody else: run the version that wrote it, or a newer one ' +
        '(docs/runbook.md)',
    )
  if (value?.version !== version) throw foreign('has no version', text)
  const { startSec, baselineSec, tailFromSec, settledSec, unread, closedWindows, writtenMs } = value
  const whole = [startSec, baselineSec, tailFromSec, settledSec, closedWindows, writtenMs].every(
    Number.isSafeInteger,
  )
  if (!whole || !isRanges(unread)) throw foreign('is incomplete', text)
  const rights = readSeenRights(value.rights)
  return {
    ...({ startSec, baselineSec, tailFromSec, settledSec, unread, closedWindows, writtenMs } as Checkpoint),
    ...(rights === null ? {} : { rights }),
    ...(Number.isSafeInteger(value.acceptedSec) ? { acceptedSec: value.acceptedSec as number } : {}),
    ...(isNarrowed(value.narrowed) ? { narrowed: value.narrowed } : {}),
    ...(value.hasLedger === true ? { hasLedger: true } : {}),
    ...(isRanges(value.forgotten) ? { forgotten: value.forgotten } : {}),
    ...(isVerified(value.verified) ? { verified: value.verified } : {}),
    ...(Number.isSafeInteger(value.beganSec) ? { beganSec: value.beganSec as number } : {}),
    ...(isOldestShown(value.oldest) ? { oldest: value.oldest } : {}),
  }
}

function foreign(fault: string, text: string): CheckpointUnreadableError {
  return new CheckpointUnreadableError(
    `the checkpoint in the log ${fault}, so somebody else wrote it: ${text.slice(0, 100)} (docs/runbook.md tells what to do)`,
  )
}

function isNarrowed(value: unknown): value is NarrowedSince {
  const { sinceMs, lost } = (value ?? {}) as Partial<NarrowedSince>
  return Number.isSafeInteger(sinceMs) && Array.isArray(lost) && lost.every(role => typeof role === 'string')
}

function isVerified(value: unknown): value is LastVerified {
  const { atMs, oldestSec, retentionSec } = (value ?? {}) as Partial<LastVerified>
  const isOldest = oldestSec === null || Number.isSafeInteger(oldestSec)
  return Number.isSafeInteger(atMs) && isOldest && Number.isSafeInteger(retentionSec)
}

function isRanges(value: unknown): value is Ranges {
  return Array.isArray(value) && value.every((range: Range) => range?.fromSec < range?.toSec)
}
