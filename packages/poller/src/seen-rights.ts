import { createHash } from 'node:crypto'
import type { Rights } from '@cf-audit-drain/cloud-foundry'

/**
 * With what rights windows were closed so far. Part of the checkpoint: a token that sees less must not go on where a wider one
 * was, a restart in between included.
 */
export interface SeenRights {
  readonly sees: 'everything' | 'subset'
  /** Digests of the roles that show events, sorted; of more than 100 one digest of all. Empty where all is seen or roles are not told. */
  readonly roles: readonly string[]
}

/** A checkpoint on Kafka has 4,096 bytes. */
const rolesMax = 100

/** Null: they close nothing. */
export function seenRights({ sees, roles }: Rights): SeenRights | null {
  if (sees === 'nothing') return null
  if (sees === 'everything' || roles === null) return { sees, roles: [] }
  return {
    sees,
    roles: roles.length > rolesMax ? [`all:${digest(roles.join())}`] : roles.map(digest).sort(),
  }
}

/** What `now` lacks of `before`, in words for the operator; null: nothing. */
export function lostRights(before: SeenRights | null, now: Rights): string | null {
  if (before === null) return null
  const seen = seenRights(now)
  if (seen === null) return 'it saw events, and Cloud Controller now refuses to show it any'
  if (seen.sees === 'everything') return null
  if (before.sees === 'everything') return 'it saw everything, and now sees a part only'
  const gone = before.roles.filter(role => !seen.roles.includes(role)).length
  if (gone === 0) return null
  return before.roles[0]?.startsWith('all:') || seen.roles[0]?.startsWith('all:')
    ? 'its roles are others than before'
    : `${gone} of its ${before.roles.length} roles are gone`
}

export function isSame(one: SeenRights | null, other: SeenRights | null): boolean {
  return one?.sees === other?.sees && one?.roles.join() === other?.roles.join()
}

/** Anything else in a checkpoint counts as nothing seen. */
export function readSeenRights(value: unknown): SeenRights | null {
  const { sees, roles } = (value ?? {}) as { readonly sees?: unknown; readonly roles?: unknown }
  if ((sees !== 'everything' && sees !== 'subset') || !Array.isArray(roles)) return null
  return { sees, roles: roles.map(String) }
}

function digest(role: string): string {
  return createHash('sha256').update(role).digest('base64url').slice(0, 8)
}
