/** How wide a window is: tiles of five minutes, aligned to UTC; 8,928 of them in 31 days. */
export const ledgerWindowSec = 300

/**
 * What one window of the completeness ledger can be:
 *
 * - `open`: not passed yet by the poller, or passed before there was a ledger and not checked since
 * - `closed`: the guids held are those that Cloud Controller showed when the window was passed
 * - `re-checked`: the same, looked at again later, or completed by events that came late
 * - `counted`: as many are held as Cloud Controller counts; which they are was not compared yet, or can no longer be, because the
 *   log has forgotten the guids. The digest, where there is one, is of when they were compared last
 * - `short`: the two sets differ: Cloud Controller counts what it does not show (`missingOf`), or no longer shows what
 *   is held (`gone`)
 * - `expired`: Cloud Controller's clean-up has reached it; the numbers are those of the last look before
 */
export const ledgerStates = ['open', 'closed', 'short', 're-checked', 'counted', 'expired'] as const
export type LedgerState = (typeof ledgerStates)[number]

/**
 * One window of one foundation, `[fromSec, toSec)` in Cloud Controller's clock. `fromSec` is its identity: windows are
 * fixed tiles of time, so that the same span is never told of under two names.
 */
export interface LedgerWindow {
  readonly fromSec: number
  readonly toSec: number
  readonly state: LedgerState
  /** What Cloud Controller counted, of an open window in what was passed of it; null when it was never asked. */
  readonly counted: number | null
  /** Events in the log, and dead letters. */
  readonly held: number
  /** Those of `held` that are dead letters: rows that could not be read, kept as they came. */
  readonly deadLetters: number
  /** Those of `held` that Cloud Controller no longer shows. */
  readonly gone: number
  /** Those of `held` that are not shown since less was accepted to be seen: they may be there. Not among `gone`. */
  readonly hidden: number
  /** `digestOf` the guids held; null where it was not made yet: of an open window, or one passed without a ledger. */
  readonly digest: string | null
  /** Where its events lie in the log: at or after the first, at or before the last, others between. Null without any. */
  readonly firstOffset: number | null
  readonly lastOffset: number | null
  /** When Cloud Controller was last asked, in our clock; null when it never was. */
  readonly checkedAtMs: number | null
}

export interface LedgerQuery {
  readonly foundation?: string
  /** Windows that end after this. */
  readonly fromSec?: number
  /** Windows that begin before this. */
  readonly toSec?: number
}

export interface FoundationWindow extends LedgerWindow {
  readonly foundation: string
}

export function emptyWindow({ fromSec, toSec }: Pick<LedgerWindow, 'fromSec' | 'toSec'>): LedgerWindow {
  return {
    fromSec,
    toSec,
    state: 'open',
    counted: null,
    held: 0,
    deadLetters: 0,
    gone: 0,
    hidden: 0,
    digest: null,
    firstOffset: null,
    lastOffset: null,
    checkedAtMs: null,
  }
}

/** How many rows Cloud Controller counts there that are not held. */
export function missingOf({ counted, held, gone, hidden }: LedgerWindow): number {
  return counted === null ? 0 : Math.max(0, counted - (held - gone - hidden))
}
