import type { ApiVersion, Rights } from '@cf-audit-drain/cloud-foundry'
import type { LedgerVerdict } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import type { Deadline } from './deadline.ts'
import type { NarrowedRights } from './rights-guard.ts'
import type { SourceRetention } from './source-retention.ts'
import type { SourceStatus } from './source-status.ts'
import type { Verified } from './verify.ts'

export interface PollerStatus {
  readonly foundation: string
  readonly state: 'starting' | 'running' | 'failing'
  /** By which API audit events are read; null before the first discovery. */
  readonly apiVersion: ApiVersion | null
  readonly rights: Rights | null
  /** The identity sees less than windows were closed with: none is closed meanwhile. */
  readonly rightsNarrowed: NarrowedRights | null
  readonly lastPoll: { readonly at: string; readonly published: number; readonly rows: number } | null
  /** Until the loop that has failed works again. */
  readonly lastError: { readonly at: string; readonly loop: string; readonly message: string } | null
  readonly checkpoint: Checkpoint | null
  readonly windows: {
    /** Every window before this is closed, or passed and listed under `unequal`. */
    readonly completeUpTo: string | null
    readonly open: number
    readonly closed: number
    readonly unread: readonly { readonly from: string; readonly to: string }[]
    /** Guids the log holds and Cloud Controller no longer shows, as far as this process has seen. */
    readonly heldNotShown: number
    /** The windows of these, `from/to`, the latest 20. */
    readonly unequal: readonly { readonly window: string; readonly heldNotShown: number }[]
  }
  /** What the completeness ledger says, whether or not Cloud Foundry answers; null before the log was read. */
  readonly ledger: LedgerVerdict | null
  /** When what is not held yet is deleted; null when nothing is waited for, or the log was not read yet. */
  readonly deadline: Deadline | null
  /** By which the deadline is reckoned; null before the log was read. */
  readonly retention: SourceRetention | null
  /** Of each kind that is read; null where none is. */
  readonly stateDifferences: readonly object[] | null
  readonly lastVerified: ({ readonly at: string } & Verified) | null
  /** Events that were lost at their source; null before the log was read. */
  readonly source: SourceStatus | null
  readonly seenGuids: number
  readonly skewMs: number | null
  readonly caughtUp: boolean
}
