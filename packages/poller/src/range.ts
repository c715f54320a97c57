/** Half-open, whole seconds since the epoch: `[fromSec, toSec)`. Ranges tile time without hole or overlap. */
export interface Range {
  readonly fromSec: number
  readonly toSec: number
}

/** Sorted, not empty, and neither touching nor overlapping. */
export type Ranges = readonly Range[]

export function union(ranges: Ranges, added: Range): Ranges {
  if (added.fromSec >= added.toSec) return ranges
  const merged: Range[] = []
  let { fromSec, toSec } = added
  for (const range of ranges) {
    if (range.toSec < fromSec || range.fromSec > toSec) merged.push(range)
    else {
      fromSec = Math.min(fromSec, range.fromSec)
      toSec = Math.max(toSec, range.toSec)
    }
  }
  merged.push({ fromSec, toSec })
  return merged.sort((a, b) => a.fromSec - b.fromSec)
}

/** What of them lies before the second, and what does not. */
export function cutAt(ranges: Ranges, sec: number): readonly [before: Ranges, after: Ranges] {
  const all = Number.POSITIVE_INFINITY
  return [
    subtract(ranges, { fromSec: sec, toSec: all }),
    subtract(ranges, { fromSec: Number.NEGATIVE_INFINITY, toSec: sec }),
  ]
}

export function overlaps(ranges: Ranges, { fromSec, toSec }: Range): boolean {
  return ranges.some(range => range.fromSec < toSec && range.toSec > fromSec)
}

export function subtract(ranges: Ranges, removed: Range): Ranges {
  return ranges.flatMap(range =>
    [
      { fromSec: range.fromSec, toSec: Math.min(range.toSec, removed.fromSec) },
      { fromSec: Math.max(range.fromSec, removed.toSec), toSec: range.toSec },
    ].filter(part => part.fromSec < part.toSec),
  )
}
