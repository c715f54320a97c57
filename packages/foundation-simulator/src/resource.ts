/** An object as v3 shows it. `guid` is missing only in collections that have none (feature flags). */
export interface Resource {
  readonly guid?: string
  readonly name?: string
  readonly created_at?: string
  readonly relationships?: Readonly<Record<string, { readonly data: unknown } | undefined>>
  readonly [key: string]: unknown
}

export function relatedGuid(resource: Resource, relationship: string): string | null {
  const data = resource.relationships?.[relationship]?.data
  if (typeof data !== 'object' || data === null || !('guid' in data)) return null
  return typeof data.guid === 'string' ? data.guid : null
}
