import { isOwnType, targetsProcess, timestampSec } from '@cf-audit-drain/event'
import { guidIn, isObject, type JsonObject, stringIn } from './json-values.ts'
import type { NameFact, NameKind } from './name-kind.ts'

/** Kinds of target whose `name` is what people call them. A route is not: its name is the host only. */
const targetKinds: Readonly<Record<string, NameKind>> = {
  app: 'app',
  organization: 'organization',
  space: 'space',
  service_instance: 'service_instance',
  user_provided_service_instance: 'service_instance',
  service_plan: 'service_plan',
  service: 'service_offering',
  service_broker: 'service_broker',
  user: 'user',
}

const update =
  /^audit\.(app|space|organization|service_instance|user_provided_service_instance|service_broker)\.update$/
const catalogUpdate = /^audit\.service(_plan)?\.update$/
const deletion =
  /^audit\.(app|space|organization|route)\.delete-request$|^audit\.(service_instance|user_provided_service_instance)\.(delete|purge)$|^audit\.service(_plan|_broker)?\.delete$/

interface TypeOfEvent {
  readonly deletes: boolean
  /** Where the new name stands: in `request.name`, or in the data itself under this key. */
  readonly renames: 'request' | 'name' | 'label' | null
}

const types = new Map<string, TypeOfEvent>()

function typeOf(type: string): TypeOfEvent {
  const known = types.get(type)
  if (known !== undefined) return known
  const inData = type === 'audit.service.update' ? 'label' : 'name'
  const renames = update.test(type) ? 'request' : catalogUpdate.test(type) ? inData : null
  const made = { deletes: deletion.test(type), renames } as const
  if (types.size >= 1_000) types.clear()
  types.set(type, made)
  return made
}

/** The kind of thing that a target of this type is; null where names of it are not kept. */
export function kindOfTarget(eventType: string, targetType: string): NameKind | null {
  if (targetType === 'route') return 'route'
  const kind = targetKinds[targetType]
  if (kind === 'app' && targetsProcess(eventType)) return 'process'
  return kind ?? null
}

/** What one event tells of names: of its target, of a renaming, of a deletion, of what belongs to what. */
export function factsOf(event: unknown): readonly NameFact[] {
  if (!isObject(event)) return []
  const type = stringIn(event, 'type')
  const atSec = timestampSec(stringIn(event, 'created_at'))
  const target = event['target']
  if (atSec === null || !isObject(target)) return []
  // Our own events repeat names of an earlier time.
  if (isOwnType(type)) return []
  const facts: NameFact[] = []
  const guid = stringIn(target, 'guid')
  const kind = kindOfTarget(type, stringIn(target, 'type'))
  if (kind !== null && guid !== '') {
    const name = kind === 'process' || kind === 'route' ? null : stringIn(target, 'name') || null
    if (name !== null) facts.push({ kind, guid, name, atSec })
    if (typeOf(type).deletes) facts.push({ kind, guid, name: null, atSec, isDeletion: true })
  }
  const data = event['data']
  if (isObject(data)) dataFacts(facts, { type, atSec, guid, kind, data })
  actorFact(facts, event, atSec)
  if (kind === 'app') actingProcess(facts, event['actor'], guid, atSec)
  return facts
}

interface Told {
  readonly type: string
  readonly atSec: number
  readonly guid: string
  readonly kind: NameKind | null
  readonly data: Readonly<Record<string, unknown>>
}

function dataFacts(facts: NameFact[], { type, atSec, guid, kind, data }: Told): void {
  const request = isObject(data['request']) ? data['request'] : null
  if (kind !== null) {
    const renamed = newName(type, request, data)
    if (renamed !== '') facts.push({ kind, guid, name: renamed, atSec, begins: true })
  }
  const process = stringIn(data, 'process_guid')
  if (process !== '' && kind === 'app')
    facts.push({ kind: 'process', guid: process, name: null, atSec, parent: guid })
  const parent = parentIn(kind, request, data)
  if (parent !== '' && kind !== null) facts.push({ kind, guid, name: null, atSec, parent })
  const organization = stringIn(data, 'organization_name')
  if (organization !== '')
    facts.push({ kind: 'organization', guid: stringIn(data, 'organization_guid'), name: organization, atSec })
  const space = stringIn(data, 'space_name')
  if (space !== '') facts.push({ kind: 'space', guid: stringIn(data, 'space_guid'), name: space, atSec })
}

function newName(
  type: string,
  request: Readonly<Record<string, unknown>> | null,
  data: Readonly<Record<string, unknown>>,
): string {
  const { renames } = typeOf(type)
  if (renames === null) return ''
  if (renames === 'request') return request === null ? '' : stringIn(request, 'name')
  return stringIn(data, renames)
}

function parentIn(
  kind: NameKind | null,
  request: Readonly<Record<string, unknown>> | null,
  data: Readonly<Record<string, unknown>>,
): string {
  if (kind === 'service_instance') return guidIn(request?.['relationships'], 'service_plan')
  if (kind === 'service_plan') return stringIn(data, 'service_guid')
  if (kind === 'service_offering') return stringIn(data, 'service_broker_guid')
  return ''
}

/** An instance that crashed, or is ready: the process acts, and its app is the target. */
function actingProcess(facts: NameFact[], actor: unknown, app: string, atSec: number): void {
  if (!isObject(actor) || actor['type'] !== 'process') return
  facts.push({ kind: 'process', guid: stringIn(actor, 'guid'), name: null, atSec, parent: app })
}

/** Of a user the name is an e-mail; the user name stands beside it in v2 only. */
function actorFact(facts: NameFact[], event: JsonObject, atSec: number): void {
  const { actor } = event
  if (!isObject(actor)) return
  const isBroker = actor['type'] === 'service_broker'
  if (!isBroker && actor['type'] !== 'user') return
  const kind = isBroker ? 'service_broker' : 'user'
  const name = isBroker ? stringIn(actor, 'name') : stringIn(event, 'actor_username')
  if (name !== '') facts.push({ kind, guid: stringIn(actor, 'guid'), name, atSec })
}
