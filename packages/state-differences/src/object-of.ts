import type { StateCollection } from '@cf-audit-drain/cloud-foundry'
import type { Observed } from './observed.ts'
import { isMembers } from './value.ts'

export type Resource = Readonly<Record<string, unknown>>

/** What is listed and compared as it is; the rest has a reader of its own. */
export type ListedCollection = Exclude<StateCollection, 'apps' | 'spaces'>

/** What came with a listing. */
export interface Beside {
  /** Names, by guid. */
  readonly users: ReadonlyMap<string, string>
  /** By the space that lies in it, as guids. */
  readonly organizations: ReadonlyMap<string, string>
}

/** Of one row, what is compared; null for a row that has no guid or name. */
export function objectOf(
  collection: ListedCollection,
  row: Resource,
  { users, organizations }: Beside,
): Observed | null {
  const guid = textOf(row['guid']) ?? (collection === 'feature_flags' ? textOf(row['name']) : null)
  if (guid === null) return null
  const value = shapes[collection](row)
  const user = textOf(value['user'])
  const space = textOf(value['space'])
  return {
    key: guid,
    collection: collection === 'feature_flags' ? null : collection,
    // As in the audit events of roles, so that a rule about a user finds both.
    target:
      user === null
        ? { guid, type: collection.slice(0, -1), name: textOf(row['name']) ?? '' }
        : { guid: user, type: 'user', name: users.get(user) ?? '' },
    spaceGuid: space,
    organizationGuid: textOf(value['organization']) ?? organizations.get(space ?? '') ?? null,
    updatedAt: textOf(row['updated_at']),
    value,
  }
}

/** User names by guid. */
export function userNames(users: readonly Resource[]): ReadonlyMap<string, string> {
  return new Map(users.map(({ guid, username }) => [String(guid), textOf(username) ?? '']))
}

/** The organization of each space, where it is told. */
export function organizationsOf(spaces: readonly Resource[]): ReadonlyMap<string, string> {
  return new Map(
    spaces.flatMap(space => {
      const organization = textOf(related(space, 'organization'))
      return organization === null ? [] : [[String(space['guid']), organization] as const]
    }),
  )
}

/** Members by name, so that what a later version of Cloud Controller adds is no difference of every object. */
const shapes: { readonly [collection in ListedCollection]: (row: Resource) => Resource } = {
  security_groups: row => ({
    ...only(row, 'name', 'rules', 'globally_enabled'),
    running_spaces: related(row, 'running_spaces'),
    staging_spaces: related(row, 'staging_spaces'),
  }),
  feature_flags: row => only(row, 'name', 'enabled', 'custom_error_message'),
  roles: row => ({
    ...only(row, 'type', 'created_at'),
    user: related(row, 'user'),
    organization: related(row, 'organization'),
    space: related(row, 'space'),
  }),
  domains: row => ({
    ...only(row, 'name', 'internal', 'supported_protocols', 'router_group'),
    organization: related(row, 'organization'),
    shared_organizations: related(row, 'shared_organizations'),
  }),
  isolation_segments: row => only(row, 'name'),
  organization_quotas: row => ({
    ...only(row, 'name', 'apps', 'services', 'routes', 'domains'),
    organizations: related(row, 'organizations'),
  }),
  space_quotas: row => ({
    ...only(row, 'name', 'apps', 'services', 'routes'),
    organization: related(row, 'organization'),
    spaces: related(row, 'spaces'),
  }),
}

function only(row: Resource, ...names: readonly string[]): Resource {
  return Object.fromEntries(names.map(name => [name, row[name]]))
}

/** The guid of a relationship, or the guids in order. */
export function related(row: Resource, name: string): unknown {
  const relationships = row['relationships']
  const relationship = isMembers(relationships) ? relationships[name] : undefined
  return guidsIn(isMembers(relationship) ? relationship['data'] : null)
}

export function guidsIn(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(guidsIn).sort()
  return isMembers(data) ? data['guid'] : null
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
