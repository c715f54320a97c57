import type { LookupAnswer, LookupCollection } from '@cf-audit-drain/cloud-foundry'
import { timestampSec } from '@cf-audit-drain/event'
import { guidIn, type JsonObject, stringIn } from './json-values.ts'
import type { NameFact, NameKind } from './name-kind.ts'

/** Where things of a kind are looked up. */
export const collectionOf: Readonly<Record<NameKind, LookupCollection>> = {
  organization: 'organizations',
  space: 'spaces',
  app: 'apps',
  process: 'processes',
  route: 'routes',
  service_instance: 'service_instances',
  service_plan: 'service_plans',
  service_offering: 'service_offerings',
  service_broker: 'service_brokers',
  user: 'users',
}
const kindOf = new Map(Object.entries(collectionOf).map(([kind, name]) => [name as string, kind as NameKind]))

/** Relationships that are kept, by the kind that has them. */
const belongsTo: Partial<Record<NameKind, string>> = {
  process: 'app',
  service_instance: 'service_plan',
  service_plan: 'service_offering',
  service_offering: 'service_broker',
}

/** What an answer of Cloud Controller tells, given at `nowSec` by its clock. */
export function factsOfLookup(kind: NameKind, answer: LookupAnswer, nowSec: number): readonly NameFact[] {
  const facts = answer.resources.flatMap(resource => factsOfResource(kind, resource, nowSec))
  for (const [collection, resources] of Object.entries(answer.included)) {
    const included = kindOf.get(collection)
    if (included === undefined) continue
    for (const resource of resources) facts.push(...factsOfResource(included, resource, nowSec))
  }
  return facts
}

function factsOfResource(kind: NameKind, resource: JsonObject, nowSec: number): readonly NameFact[] {
  const guid = stringIn(resource, 'guid')
  if (guid === '') return []
  const name = nameOf(kind, resource)
  const parent = parentOf(kind, resource)
  const known = { kind, guid, ...(parent === undefined ? {} : { parent }) }
  // A renaming would have moved `updated_at`: the name is that old at least. Of a user it tells nothing, for UAA names users.
  const changed = stringIn(resource, 'updated_at') || stringIn(resource, 'created_at')
  const updatedSec = kind === 'user' ? null : timestampSec(changed)
  const since = updatedSec !== null && updatedSec < nowSec ? updatedSec : nowSec
  return [
    { ...known, name, atSec: since },
    { ...known, name, atSec: nowSec },
  ]
}

function nameOf(kind: NameKind, resource: JsonObject): string | null {
  if (kind === 'process') return null
  if (kind === 'route') return stringIn(resource, 'url') || null
  return stringIn(resource, kind === 'user' ? 'username' : 'name') || null
}

/** Undefined: the answer does not say. */
function parentOf(kind: NameKind, resource: JsonObject): string | null | undefined {
  const relationship = belongsTo[kind]
  const { relationships } = resource
  if (relationship === undefined || relationships === undefined) return undefined
  return guidIn(relationships, relationship) || null
}
