import { type LedgerWindow, missingOf } from '@cf-audit-drain/log'

/** Windows of which Cloud Controller counts more than it shows. */
export interface ShortChanges {
  /** Were not short so before. */
  readonly short: readonly LedgerWindow[]
  /** Were, and are no more: every row that is counted there is held. */
  readonly whole: readonly LedgerWindow[]
}

/** What of it is news; null: nothing. `before`: as the ledger had the window that begins there. */
export function shortChanges(
  windows: readonly LedgerWindow[],
  before: (fromSec: number) => LedgerWindow | null,
): ShortChanges | null {
  const short: LedgerWindow[] = []
  const whole: LedgerWindow[] = []
  for (const window of windows) {
    const wasShort = isShort(before(window.fromSec))
    if (isShort(window) && !wasShort) short.push(window)
    else if (wasShort && isSettled(window) && missingOf(window) === 0) whole.push(window)
  }
  return short.length + whole.length === 0 ? null : { short, whole }
}

function isShort(window: LedgerWindow | null): boolean {
  return window?.state === 'short' && missingOf(window) > 0
}

/** One that is compared anew from the beginning, or that the clean-up has reached, has become nothing better. */
function isSettled({ state }: LedgerWindow): boolean {
  return state !== 'open' && state !== 'expired'
}
