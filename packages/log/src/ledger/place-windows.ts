import type { LogEntry } from '../ports.ts'
import type { LedgerWindow } from './ledger-window.ts'

/** The windows with the places of the entries that are published with them. `offsets`: of those that are new in the log. */
export function placeWindows(
  windows: readonly LedgerWindow[],
  entries: readonly Pick<LogEntry, 'guid' | 'createdAtSec'>[],
  offsets: ReadonlyMap<string, number>,
): readonly LedgerWindow[] {
  if (windows.length === 0 || entries.length === 0) return windows
  const placed = windows.toSorted((a, b) => a.fromSec - b.fromSec)
  for (const { guid, createdAtSec } of entries) {
    const at = indexOfWindow(placed, createdAtSec)
    const [window, offset] = [placed[at], offsets.get(guid)]
    if (window !== undefined && offset !== undefined) placed[at] = withOffset(window, offset)
  }
  return placed
}

function withOffset(window: LedgerWindow, offset: number): LedgerWindow {
  const { firstOffset, lastOffset } = window
  if (firstOffset !== null && lastOffset !== null && firstOffset <= offset && offset <= lastOffset)
    return window
  return {
    ...window,
    firstOffset: Math.min(firstOffset ?? offset, offset),
    lastOffset: Math.max(lastOffset ?? offset, offset),
  }
}

/** Of the window that holds the second, the windows oldest first; -1 when none does. */
export function indexOfWindow(windows: readonly LedgerWindow[], sec: number): number {
  let [low, high] = [0, windows.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const { fromSec = 0, toSec = 0 } = windows[middle] ?? {}
    if (sec < fromSec) high = middle - 1
    else if (sec >= toSec) low = middle + 1
    else return middle
  }
  return -1
}
