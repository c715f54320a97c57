import type { StateCollection } from '@cf-audit-drain/cloud-foundry'
import type { Target } from '@cf-audit-drain/event'

/** JSON without nulls: a member that is null is as if it were not there, so that a new version of Cloud Controller is no difference. */
export type Value = { readonly [member: string]: unknown }

/** One object as it was read. */
export interface Observed {
  /** Its guid; its name where it has none. */
  readonly key: string
  /** Where it is listed; null for what cannot be deleted. */
  readonly collection: StateCollection | null
  readonly target: Target
  readonly spaceGuid: string | null
  readonly organizationGuid: string | null
  /** As written; an older one than was seen before is an answer from the past. */
  readonly updatedAt: string | null
  /** What is compared; no secret in it. */
  readonly value: Value
}

/** Seconds in Cloud Controller's clock: `toSec` is when the reading ended. */
export interface Span {
  readonly fromSec: number
  readonly toSec: number
}

/** As it was when it was last told of, or first read. */
export interface KeptObject extends Observed {
  /** It was missing in a whole reading: from the one that last showed it to the one that first did not. */
  readonly gone: Span | null
}
