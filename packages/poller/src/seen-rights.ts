import { createHash } from 'node:crypto'
import type { Rights } from '@cf-audit-drain/cloud-foundry'
import type { NameRecord } from '@cf-audit-drain/log'

/**
 * With what rights windows were closed so far. Kept with the checkpoint: a token that sees less must not go on where a wider one
 * was, a restart in between included.
 */
export interface SeenRights {
  readonly sees: 'everything' | 'subset'
  /**
   * Digests of the spaces and organizations whose events are shown, sorted; one `all:…` of all of them where they are kept beside the
   * checkpoint, or are too many. Empty where all is seen or roles are not told.
   */
  readonly places: readonly string[]
}

/** A checkpoint on Kafka has 4,096 bytes. */
const inCheckpointMax = 100
/** As one record beside it they have 220 kB. */
const besideMax = 20_000

/**
 * What the lists are kept under, among the names; no name has a key without a space. Each has its own key: where a publish is not
 * all or nothing a kill leaves the list of the next checkpoint beside that of the one before, which is gone on from.
 */
const placesKey = 'rights'

export function isPlacesKey(key: string): boolean {
  return key === placesKey || key.startsWith(`${placesKey}:`)
}

/** Null: they close nothing. */
export function seenRights({ sees, roles }: Rights): SeenRights | null {
  if (sees === 'nothing') return null
  if (sees === 'everything' || roles === null) return { sees, places: [] }
  const places = [...new Set(roles.map(placeOf))].map(digest).sort()
  return { sees, places: places.length > besideMax ? [digestOfAll(places)] : places }
}

/** How they are kept: in the checkpoint, and beside it what does not fit in there. */
export function storedRights(seen: SeenRights): {
  readonly inCheckpoint: SeenRights
  readonly beside: NameRecord | null
} {
  if (seen.places.length <= inCheckpointMax) return { inCheckpoint: seen, beside: null }
  return {
    inCheckpoint: { sees: seen.sees, places: [digestOfAll(seen.places)] },
    beside: { key: `${placesKey}:${digestOfAll(seen.places)}`, value: JSON.stringify(seen.places) },
  }
}

/** What is in the checkpoint, with the list that was kept beside it, if that is among these; and under which key it is. */
export function withPlaces(
  inCheckpoint: SeenRights,
  beside: Iterable<NameRecord>,
): { readonly seen: SeenRights; readonly key: string | null } {
  if (isDigestOfAll(inCheckpoint))
    for (const { key, value } of beside) {
      const places = value === null ? null : listOf(value)
      if (places !== null && digestOfAll(places) === inCheckpoint.places[0])
        return { seen: { sees: inCheckpoint.sees, places }, key }
    }
  return { seen: inCheckpoint, key: null }
}

/** Whether the list of them, if there is one, is beside the checkpoint. */
export function isDigestOfAll({ places }: SeenRights): boolean {
  return places[0]?.startsWith('all:') === true
}

/** What `now` lacks of `before`, in words for the operator; null: nothing. */
export function lostRights(before: SeenRights | null, now: Rights): string | null {
  if (before === null) return null
  const seen = seenRights(now)
  if (seen === null) return 'it saw events, and Cloud Controller now refuses to show it any'
  if (seen.sees === 'everything') return null
  if (before.sees === 'everything') return 'it saw everything, and now sees a part only'
  if (isDigestOfAll(before) || isDigestOfAll(seen)) {
    return digestOfAll(before.places) === digestOfAll(seen.places) ? null : 'its roles are others than before'
  }
  const shown = new Set(seen.places)
  const gone = before.places.filter(place => !shown.has(place)).length
  if (gone === 0) return null
  return `events of ${gone} of its ${before.places.length} spaces and organizations are not shown any more`
}

export function isSame(one: SeenRights | null, other: SeenRights | null): boolean {
  return one?.sees === other?.sees && one?.places.join() === other?.places.join()
}

/** Anything else in a checkpoint counts as nothing seen. */
export function readSeenRights(value: unknown): SeenRights | null {
  const { sees, places } = (value ?? {}) as { readonly sees?: unknown; readonly places?: unknown }
  // With roles in the place of places, as an earlier version wrote it, of one that saw everything.
  if (sees === 'everything' && !Array.isArray(places)) return { sees, places: [] }
  if ((sees !== 'everything' && sees !== 'subset') || !Array.isArray(places)) return null
  return { sees, places: places.map(String) }
}

/** `space <guid>` of `space_developer <guid>`: what is shown is the same by each of the roles in it. */
export function placeOf(role: string): string {
  return role.replace(/^(space|organization)_\w+ /, '$1 ')
}

function listOf(text: string): readonly string[] | null {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) && list.every(place => typeof place === 'string') ? list : null
  } catch {
    return null
  }
}

/** Of a list that is already one, itself. */
function digestOfAll(places: readonly string[]): string {
  return places[0]?.startsWith('all:') ? places[0] : `all:${digest(places.join())}`
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 8)
}
