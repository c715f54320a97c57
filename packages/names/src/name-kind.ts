/** What has a name that events speak of by guid. */
export type NameKind =
  | 'organization'
  | 'space'
  | 'app'
  | 'process'
  | 'route'
  | 'service_instance'
  | 'service_plan'
  | 'service_offering'
  | 'service_broker'
  | 'user'

/** One thing that is known to have been called so at one moment. */
export interface NameFact {
  readonly kind: NameKind
  readonly guid: string
  /** Null: nothing is said of its name. */
  readonly name: string | null
  /** Cloud Controller's clock, seconds since the epoch. */
  readonly atSec: number
  /** From this second on, and not before: it was renamed. Else it was seen with this name, and had it before perhaps. */
  readonly begins?: boolean
  /** It was deleted then. */
  readonly isDeletion?: boolean
  /** The guid of what it belongs to (`parentKind`); null when there is none. */
  readonly parent?: string | null
}

const parents = {
  process: 'app',
  service_instance: 'service_plan',
  service_plan: 'service_offering',
  service_offering: 'service_broker',
} as const satisfies Partial<Record<NameKind, NameKind>>

/** The kind of what a thing of this kind belongs to, where that is kept. */
export function parentKind(kind: NameKind): NameKind | null {
  return (parents as Partial<Record<NameKind, NameKind>>)[kind] ?? null
}
