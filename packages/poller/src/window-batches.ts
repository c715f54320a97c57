import type { LedgerWindow } from '@cf-audit-drain/log'
import { spansOf } from './clean-up.ts'

/** Windows of which only the sum is known are counted a day at a time. */
const windowsOfDay = 288

/** Passed, and never compared. */
export function isUnchecked({ state }: LedgerWindow): boolean {
  return state === 'open'
}

/** What Cloud Controller should count there: what it counted last; where it was never asked, what is held. */
export function expected(windows: readonly LedgerWindow[]): number {
  return windows.reduce((sum, { counted, held }) => sum + (counted ?? held), 0)
}

/** A day at a time where some are not checked yet, and what lies between such days in one. */
export function daysOf(span: readonly LedgerWindow[]): readonly (readonly LedgerWindow[])[] {
  const parts: LedgerWindow[][] = []
  let isChecked = false
  for (let i = 0; i < span.length; i += windowsOfDay) {
    const day = span.slice(i, i + windowsOfDay)
    const wasChecked = isChecked
    isChecked = !day.some(isUnchecked)
    const before = parts.at(-1)
    if (isChecked && wasChecked && before !== undefined) before.push(...day)
    else parts.push(day)
  }
  return parts
}

/** Contiguous windows, together about so many rows; `rowsOf` a window: default what a request should return of it. */
export function batchesOf(
  windows: readonly LedgerWindow[],
  rows: number,
  rowsOf = (window: LedgerWindow) => expected([window]),
): readonly (readonly LedgerWindow[])[] {
  return spansOf(windows).flatMap(span => {
    const batches: LedgerWindow[][] = []
    let inLast = 0
    for (const window of span) {
      const batch = batches.at(-1)
      const more = rowsOf(window)
      if (batch !== undefined && inLast + more <= rows) {
        batch.push(window)
        inLast += more
      } else {
        batches.push([window])
        inLast = more
      }
    }
    return batches
  })
}

/** In parts, each ending with the window that a cut falls into. */
export function cutAt(
  windows: readonly LedgerWindow[],
  cutsSec: readonly number[],
): readonly (readonly LedgerWindow[])[] {
  const parts = Map.groupBy(windows, ({ fromSec }) => cutsSec.filter(sec => sec <= fromSec).length)
  return [...parts.values()]
}
