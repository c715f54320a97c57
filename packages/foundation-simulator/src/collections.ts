import { type Answer, v3JsonAnswer } from './answer.ts'
import { CloudControllerError, errors } from './cloud-controller-error.ts'
import { includedOf } from './included.ts'
import { pagination } from './pagination.ts'
import { commaList, isHash, parseQuery, type Query, type QueryHash, type QueryValue } from './query-string.ts'
import { type Resource, relatedGuid } from './resource.ts'

/** What `GET /v3/<collection>/<guid>` calls the thing it did not find. */
const singular: Readonly<Record<string, string>> = {
  app_usage_events: 'App usage event',
  apps: 'App',
  buildpacks: 'Buildpack',
  domains: 'Domain',
  feature_flags: 'Feature flag',
  isolation_segments: 'Isolation segment',
  organizations: 'Organization',
  organization_quotas: 'Organization quota',
  processes: 'Process',
  roles: 'Role',
  routes: 'Route',
  security_groups: 'Security group',
  service_brokers: 'Service broker',
  service_instances: 'Service instance',
  service_credential_bindings: 'Service credential binding',
  service_offerings: 'Service offering',
  service_plans: 'Service plan',
  service_usage_events: 'Service usage event',
  spaces: 'Space',
  space_quotas: 'Space quota',
  stacks: 'Stack',
  tasks: 'Task',
  users: 'User',
}
/** As Cloud Controller makes them: SSH is on, and nobody is entitled. */
const unsetBelow: Readonly<Record<string, unknown>> = {
  'apps/features/ssh': { name: 'ssh', description: 'Enable SSHing into the app.', enabled: true },
  'spaces/features/ssh': { name: 'ssh', description: 'Enable SSHing into apps in the space.', enabled: true },
  'isolation_segments/relationships/organizations': { data: [] },
}
const pagingKeys = ['page', 'per_page', 'order_by']

/**
 * The other v3 collections, without who may see what: everyone with a token sees everything. A collection is a list of
 * objects in the order of their creation; documents are answers of single paths.
 */
export class CollectionStore {
  readonly #collections = new Map<string, Resource[]>()
  readonly #documents = new Map<string, unknown>()

  /** Appends; one that has the guid of an earlier one takes its place. */
  add(collection: string, resources: readonly Resource[]): void {
    const held = this.#collections.get(collection) ?? []
    for (const resource of resources) {
      const key = resource.guid ?? resource.name
      const at = held.findIndex(({ guid, name }) => (guid ?? name) === key)
      if (at < 0) held.push(resource)
      else held[at] = resource
    }
    this.#collections.set(collection, held)
  }

  /** What is removed is not in lists any more, and nothing tells that it was. */
  remove(collection: string, guid: string): void {
    const left = this.all(collection).filter(resource => resource.guid !== guid)
    this.#collections.set(collection, [...left])
  }

  /** What `GET path` answers, for paths that are no collection: `/v3/apps/<guid>/features/ssh`. */
  addDocument(path: string, body: unknown): void {
    this.#documents.set(path, body)
  }

  /** What is below an object and was never set; null for another path. Throws 404 when the object is not there. */
  #below(path: string): unknown {
    const [, collection = '', guid, rest = ''] = /^\/v3\/([a-z_]+)\/([^/]+)\/(.+)$/.exec(path) ?? []
    const unset = unsetBelow[`${collection}/${rest}`]
    if (unset === undefined) return null
    if (this.all(collection).some(resource => resource.guid === guid)) return unset
    throw errors.notFound(singular[collection] ?? '')
  }

  all(collection: string): readonly Resource[] {
    return this.#collections.get(collection) ?? []
  }

  /** `among`: in the place of what the collection holds. Throws 404 for a path that is neither. */
  answer(path: string, queryText: string, apiUrl: string, among?: readonly Resource[]): Answer {
    if (this.#documents.has(path)) return v3JsonAnswer(200, this.#documents.get(path))
    const below = this.#below(path)
    if (below !== null) return v3JsonAnswer(200, below)
    const [, collection = '', guid] = /^\/v3\/([a-z_]+)(?:\/([^/]+))?$/.exec(path) ?? []
    const name = singular[collection]
    if (name === undefined) throw errors.unknownRequest()
    if (guid === undefined) return this.#list(collection, parseQuery(queryText), apiUrl, among)
    const found = (among ?? this.all(collection)).find(resource => (resource.guid ?? resource.name) === guid)
    if (found === undefined) throw errors.notFound(name)
    return v3JsonAnswer(200, found)
  }

  #list(collection: string, query: Query, apiUrl: string, among?: readonly Resource[]): Answer {
    const page = Number(query.get('page') ?? 1)
    const perPage = Number(query.get('per_page') ?? 50)
    if (!(page > 0) || !(perPage > 0 && perPage <= 5000))
      throw errors.badQuery(pagingComplaints(page, perPage))
    const orderBy = orderOf(collection, query)
    const matching = ordered(
      (among ?? this.#filtered(collection, query)).filter(resource => matches(resource, query)),
      orderBy,
    )
    const filters = new Map(
      [...query].filter(([key]) => !pagingKeys.includes(key)).map(([key, value]) => [key, echoed(value)]),
    )
    const listing = { url: `${apiUrl}/v3/${collection}`, page, perPage, orderBy, filters }
    const resources = matching.slice((page - 1) * perPage, page * perPage)
    const included = includedOf(name => this.all(name), resources, query)
    return v3JsonAnswer(200, {
      pagination: pagination(listing, matching.length),
      resources,
      ...(included === null ? {} : { included }),
    })
  }

  /** `after_guid` of the usage events: everything behind that one. */
  #filtered(collection: string, query: Query): readonly Resource[] {
    const after = query.get('after_guid')
    const all = this.all(collection)
    if (after === undefined) return all
    const at = all.findIndex(({ guid }) => guid === after)
    if (at >= 0) return all.slice(at + 1)
    const what = (singular[collection] ?? '').toLowerCase()
    const detail = `After guid filter must be a valid ${what} guid.`
    throw new CloudControllerError(422, 'CF-UnprocessableEntity', 10008, detail)
  }
}

function pagingComplaints(page: number, perPage: number): string[] {
  return [
    ...(page > 0 ? [] : ['Page must be a positive integer']),
    ...(perPage > 5000 ? ['Per page must be between 1 and 5000'] : []),
    ...(perPage > 0 ? [] : ['Per page must be a positive integer']),
  ]
}

/** Roles are always ordered, and say so in their links. */
function orderOf(collection: string, query: Query): string | null {
  const asked = query.get('order_by')
  if (typeof asked !== 'string' || asked === '') return collection === 'roles' ? '+created_at' : null
  return /^[+-]/.test(asked) ? asked : `+${asked}`
}

function ordered(resources: readonly Resource[], orderBy: string | null): readonly Resource[] {
  if (orderBy === null) return resources
  const key = orderBy.slice(1)
  const rising = resources.toSorted((a, b) => {
    const [one, other] = [String(a[key] ?? ''), String(b[key] ?? '')]
    return one < other ? -1 : one > other ? 1 : 0
  })
  return orderBy.startsWith('-') ? stableReverse(rising, key) : rising
}

/** Falling, but objects of the same second stay in their order: the recordings do not tell their fractions. */
function stableReverse(rising: readonly Resource[], key: string): Resource[] {
  return [...Map.groupBy(rising, resource => resource[key]).values()].reverse().flat()
}

function echoed(value: QueryValue): string | QueryHash {
  return isHash(value) ? value : commaList(value).join(',')
}

/** `guids`, `names`, `states`, `types` and `<relationship>_guids`; anything else is refused. */
function matches(resource: Resource, query: Query): boolean {
  return [...query].every(([key, value]) => {
    if ([...pagingKeys, 'include', 'fields', 'after_guid'].includes(key)) return true
    if (isHash(value)) throw errors.badQuery([`the simulator knows no operators of '${key}' here`])
    const wanted = commaList(value)
    if (['guids', 'names', 'states', 'types'].includes(key)) {
      return wanted.includes(String(resource[key.slice(0, -1)] ?? ''))
    }
    const relationship = /^(\w+)_guids$/.exec(key)?.[1]
    if (relationship === undefined) throw errors.badQuery([`the simulator does not know '${key}' here`])
    return wanted.includes(relatedGuid(resource, relationship) ?? '')
  })
}
