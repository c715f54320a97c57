import type { StateKind } from '@cf-audit-drain/event'
import type { Observed, Span } from './observed.ts'

/** Something is not as it was. */
export interface Finding {
  readonly kind: StateKind
  readonly before: Observed | null
  readonly after: Observed | null
  /** When it changed: after the reading before began, and before this one ended. */
  readonly between: Span
}

/** As it was seen last. */
export function subjectOf({ before, after }: Finding): Observed {
  const subject = after ?? before
  if (subject === null) throw new TypeError('a finding without before and after')
  return subject
}
