import type { CollectionStore } from './collections.ts'
import type { Resource } from './resource.ts'
import type { Named, World } from './world.ts'

const createdAt = '2026-01-05T09:00:00Z'
const metadata = { labels: {}, annotations: {} }
const to = (guid: string): { readonly data: { readonly guid: string } } => ({ data: { guid } })

/** Lets the other collections know what generated events speak of, so that names can be looked up. */
export function addWorld(store: CollectionStore, { users, spaces }: World, apiUrl: string): void {
  const resource = (collection: string, { guid, name }: Named, more: object): Resource => ({
    guid,
    created_at: createdAt,
    updated_at: createdAt,
    ...(collection === 'users' ? { username: name, presentation_name: name, origin: 'uaa' } : { name }),
    ...more,
    metadata,
    links: { self: { href: `${apiUrl}/v3/${collection}/${guid}` } },
  })
  const organizations = new Map(spaces.map(({ organization }) => [organization.guid, organization]))
  store.add(
    'organizations',
    [...organizations.values()].map(it => resource('organizations', it, { suspended: false })),
  )
  store.add(
    'spaces',
    spaces.map(it =>
      resource('spaces', it, { suspended: false, relationships: { organization: to(it.organization.guid) } }),
    ),
  )
  store.add(
    'apps',
    spaces.flatMap(space =>
      space.apps.map(it =>
        resource('apps', it, { state: 'STARTED', relationships: { space: to(space.guid) } }),
      ),
    ),
  )
  store.add(
    'users',
    users.map(it => resource('users', it, {})),
  )
}
