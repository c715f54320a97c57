import type { CollectionStore } from './collections.ts'
import { guidOf } from './guid-of.ts'
import type { Resource } from './resource.ts'
import type { World } from './world.ts'

const at = '2026-01-05T09:00:00Z'
const times = { created_at: at, updated_at: at }
const one = (guid: string | null) => ({ data: guid === null ? null : { guid } })
const many = (guids: readonly string[]) => ({ data: guids.map(guid => ({ guid })) })
const limits = { total_memory_in_mb: 10_240, per_process_memory_in_mb: null, total_instances: null }

/** What the generated foundation is set to, as the recordings show it: `state-*`, `names-*`, `lookup-roles-include`. */
export function addWorldStates(store: CollectionStore, { users, spaces }: World, apiUrl: string): void {
  const organizations = [...new Set(spaces.map(({ organization }) => organization.guid))]
  const add = (collection: string, resources: readonly Resource[]) =>
    store.add(
      collection,
      resources.map(resource => ({
        ...resource,
        links: { self: { href: `${apiUrl}/v3/${collection}/${resource.guid ?? resource.name}` } },
      })),
    )
  add('security_groups', [
    group('public_networks', [{ protocol: 'all', destination: '0.0.0.0-9.255.255.255' }], true),
    group('dns', [{ protocol: 'udp', destination: '10.0.0.2', ports: '53' }], true),
    group('database', [{ protocol: 'tcp', destination: '10.0.11.0/24', ports: '5432' }], false, [
      spaces[0]?.guid ?? '',
    ]),
  ])
  add('feature_flags', [
    flag('app_scaling', true),
    flag('diego_docker', false),
    flag('user_org_creation', false),
  ])
  add('domains', [domain('apps.example.com', false), domain('apps.internal', true)])
  add('isolation_segments', [{ guid: guidOf('segment shared'), ...times, name: 'shared' }])
  add('organization_quotas', [
    {
      guid: guidOf('quota default'),
      ...times,
      name: 'default',
      apps: limits,
      services: { paid_services_allowed: true, total_service_instances: 100 },
      routes: { total_routes: 1_000, total_reserved_ports: null },
      domains: { total_domains: null },
      relationships: { organizations: many(organizations) },
    },
  ])
  add(
    'roles',
    users.slice(0, 60).map((user, i) => {
      const space = spaces[i % spaces.length]
      const isOfSpace = i % 3 > 0
      return {
        guid: guidOf(`role ${user.guid}`),
        ...times,
        type: isOfSpace ? 'space_developer' : 'organization_manager',
        relationships: {
          user: one(user.guid),
          organization: one(isOfSpace ? null : (space?.organization.guid ?? null)),
          space: one(isOfSpace ? (space?.guid ?? null) : null),
        },
      }
    }),
  )
  for (const name of ['running', 'staging'])
    store.addDocument(`/v3/environment_variable_groups/${name}`, {
      updated_at: at,
      name,
      var: { HTTP_PROXY: 'http://proxy.example.com:3128' },
      links: { self: { href: `${apiUrl}/v3/environment_variable_groups/${name}` } },
    })
}

function group(
  name: string,
  rules: readonly object[],
  isGlobal: boolean,
  runningSpaces: readonly string[] = [],
): Resource {
  return {
    guid: guidOf(`group ${name}`),
    ...times,
    name,
    rules,
    globally_enabled: { running: isGlobal, staging: isGlobal },
    relationships: { running_spaces: many(runningSpaces), staging_spaces: many([]) },
  }
}

function flag(name: string, enabled: boolean): Resource {
  return { name, enabled, updated_at: null, custom_error_message: null }
}

function domain(name: string, internal: boolean): Resource {
  return {
    guid: guidOf(`domain ${name}`),
    ...times,
    name,
    internal,
    router_group: null,
    supported_protocols: ['http'],
    relationships: { organization: one(null), shared_organizations: many([]) },
  }
}
