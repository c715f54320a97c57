import { commaList, isHash, type Query } from './query-string.ts'
import { type Resource, relatedGuid } from './resource.ts'

/** Every object of a collection, by the collection's name. */
type AllOf = (collection: string) => readonly Resource[]

const collectionOf: Readonly<Record<string, string>> = {
  app: 'apps',
  domain: 'domains',
  org: 'organizations',
  organization: 'organizations',
  service_broker: 'service_brokers',
  service_instance: 'service_instances',
  service_offering: 'service_offerings',
  service_plan: 'service_plans',
  space: 'spaces',
  user: 'users',
}
const relationshipOf = (step: string): string => (step === 'org' ? 'organization' : step)

/** Cloud Controller adds them in an order of its own, whatever the order they were asked for in. */
const includeOrder = [
  'user',
  'domain',
  'app',
  'service_instance',
  'service_offering',
  'organization',
  'org',
  'space',
  'space.organization',
]
const fieldOrder = ['space', 'space.organization', 'service_plan', 'service_plan.service_offering']

/** The member `included`; null when nothing was asked for. */
export function includedOf(
  allOf: AllOf,
  resources: readonly Resource[],
  query: Query,
): Readonly<Record<string, readonly object[]>> | null {
  const include = query.get('include')
  const fields = query.get('fields')
  if (typeof include === 'string') {
    const paths = commaList(include).toSorted(by(includeOrder))
    return Object.fromEntries(paths.map(path => related(allOf, resources, path)))
  }
  if (!isHash(fields)) return null
  const asked = Object.entries(fields).toSorted(([a], [b]) => by(fieldOrder)(a, b))
  return Object.fromEntries(
    asked.map(([path, names]) => {
      const [key, found] = related(allOf, resources, path)
      return [key, found.map(resource => only(resource, key, commaList(names)))]
    }),
  )
}

function by(order: readonly string[]): (a: string, b: string) => number {
  const rank = (path: string): number => (order.includes(path) ? order.indexOf(path) : order.length)
  return (a, b) => rank(a) - rank(b)
}

/** Everything at the end of a path like `space.organization`, each once, in the order of its own collection. */
function related(allOf: AllOf, resources: readonly Resource[], path: string): [string, readonly Resource[]] {
  let [at, collection]: [readonly Resource[], string] = [resources, '']
  for (const step of path.split('.')) {
    collection = collectionOf[step] ?? `${step}s`
    const guids = new Set(at.map(resource => relatedGuid(resource, relationshipOf(step))))
    at = allOf(collection).filter(({ guid }) => guids.has(guid ?? ''))
  }
  return [collection, at]
}

/** Service offerings name their fields the other way round. */
function only(resource: Resource, collection: string, names: readonly string[]): object {
  const order = collection === 'service_offerings' ? ['name', 'guid'] : ['guid', 'name']
  return Object.fromEntries(names.toSorted(by(order)).map(name => [name, resource[name]]))
}
