import type { LogEntry } from '../ports.ts'
import type { LedgerWindow } from './ledger-window.ts'

/** Where a publish has put its entries. */
export interface Places {
  /** By guid, of those that are new in the log. */
  readonly offsets: ReadonlyMap<string, number>
  /** Guids that the log put among the dead letters instead. */
  readonly buried?: ReadonlySet<string>
}

/** The windows with the places of the entries that are published with them. */
export function placeWindows(
  windows: readonly LedgerWindow[],
  entries: readonly LogEntry[],
  { offsets, buried }: Places,
): readonly LedgerWindow[] {
  if (windows.length === 0 || entries.length === 0) return windows
  const placed = windows.toSorted((a, b) => a.fromSec - b.fromSec)
  for (const { guid, createdAtSec } of entries) {
    const at = indexOf(placed, createdAtSec)
    const window = placed[at]
    if (window === undefined) continue
    const offset = offsets.get(guid)
    if (offset !== undefined) placed[at] = withOffset(window, offset)
    else if (buried?.has(guid)) placed[at] = { ...window, deadLetters: window.deadLetters + 1 }
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

/** Of the window that holds the second; -1 when none does. */
function indexOf(windows: readonly LedgerWindow[], sec: number): number {
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
