import type { StateKind } from '@cf-audit-drain/event'

/**
 * How a reading ended. `baseline`: the first one, there was nothing to compare with. `dropped`: the client may see less
 * than before, so nothing can be said. `stale`: an answer out of the past. `unsteady`: the listing changed all the while.
 * `refused`: this identity may not see it, or this Cloud Controller does not have it. `failed`: anything else.
 */
export type ReadingResult = 'read' | 'baseline' | 'dropped' | 'stale' | 'unsteady' | 'refused' | 'failed'

/** What reading states tells about itself. */
export interface StateObserver {
  /** So many objects of the kind are known now. */
  reading?(kind: StateKind, result: ReadingResult, objects: number): void
  /** Told, each with its type. */
  differences?(kind: StateKind, types: readonly string[]): void
  /** Said once, until it is over. */
  refused?(kind: StateKind, error: Error): void
  failed?(kind: StateKind, error: Error, pauseMs: number): void
}
