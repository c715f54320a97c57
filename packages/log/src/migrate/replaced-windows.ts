import { type LedgerWindow, ledgerWindowSec } from '../ledger/ledger-window.ts'

/** The windows of a ledger as another log has them: the same in all but where their events lie. */
export async function replacedWindows(
  windows: Iterable<LedgerWindow>,
  places: AsyncIterable<{ readonly createdAtSec: number; readonly offset: number }>,
): Promise<readonly LedgerWindow[]> {
  const tileOf = (sec: number) => Math.floor(sec / ledgerWindowSec)
  const found = new Map<number, LedgerWindow>()
  for (const window of windows)
    found.set(tileOf(window.fromSec), { ...window, firstOffset: null, lastOffset: null })
  if (found.size === 0) return []
  for await (const { createdAtSec, offset } of places) {
    const window = found.get(tileOf(createdAtSec))
    if (window === undefined) continue
    const { firstOffset, lastOffset } = window
    found.set(tileOf(createdAtSec), {
      ...window,
      firstOffset: Math.min(firstOffset ?? offset, offset),
      lastOffset: Math.max(lastOffset ?? offset, offset),
    })
  }
  return [...found.values()]
}
