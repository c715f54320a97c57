/** From `sec` on it was called so, until the next point. */
export interface NamePoint {
  readonly sec: number
  readonly name: string
  /** The name began at that second; else it was first seen then, and may be older. */
  readonly begins: boolean
}

/** The names of one thing, oldest first. Immutable. */
export type NameHistory = readonly NamePoint[]

/** `renamed`: what is known are later names, and that it was not called so before. */
export type NameAnswer = { readonly name: string } | 'renamed' | 'unknown'

/** More renames than this of one thing: the oldest are forgotten. */
export const pointsMax = 32

/**
 * The history with one more thing known of it; the same object when that is nothing new. Whatever the order in which the
 * same things become known, the history comes out the same, as long as no name comes back after another.
 */
export function recordName(history: NameHistory, point: NamePoint): NameHistory {
  const twin = history.findIndex(({ sec, name }) => sec === point.sec && name === point.name)
  if (twin >= 0) {
    if (history[twin]?.begins || !point.begins) return history
    return recordName(history.toSpliced(twin, 1), point)
  }
  const at = positionOf(history, point)
  if (history[at - 1]?.name === point.name) return history
  // The same name later is the same period; one that "began" later was an update that kept the name.
  if (history[at]?.name === point.name) return history.toSpliced(at, 1, point)
  return history.toSpliced(at, 0, point).slice(-pointsMax)
}

export function nameAt(history: NameHistory, sec: number): NameAnswer {
  for (let at = history.length - 1; at >= 0; at--) {
    const point = history[at] as NamePoint
    if (point.sec <= sec) return point
  }
  const first = history[0]
  if (first === undefined) return 'unknown'
  return first.begins ? 'renamed' : first
}

/** Behind every point that is not later. Within a second what began stands behind what was seen, then by name. */
function positionOf(history: NameHistory, point: NamePoint): number {
  let at = history.length
  while (at > 0 && isBefore(point, history[at - 1] as NamePoint)) at--
  return at
}

function isBefore(a: NamePoint, b: NamePoint): boolean {
  if (a.sec !== b.sec) return a.sec < b.sec
  if (a.begins !== b.begins) return b.begins
  return a.name < b.name
}
