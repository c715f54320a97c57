import { timestampSec } from '@cf-audit-drain/event'
import { kindOfTarget } from './event-facts.ts'
import { guidIn, isObject, type JsonObject, stringIn } from './json-values.ts'
import type { NameKind } from './name-kind.ts'

/** A thing that an event speaks of by its guid. */
export interface Mention {
  readonly kind: NameKind
  readonly guid: string
}

/** Whom and what an event speaks of. */
export interface Mentions {
  readonly atSec: number
  /** Null: nobody is named, or what is there is the name already. */
  readonly actor: Mention | null
  readonly organization: Mention | null
  readonly space: Mention | null
  /** The app, or the process of which the app is to be found. */
  readonly app: Mention | null
  /** The event does not say what the app is called. */
  readonly isAppUnnamed: boolean
  /** What the target is to be called by, where its own name is not it. */
  readonly target: Mention | null
  readonly related: readonly Mention[]
  /** A managed service instance, whose plan, offering and broker are told. */
  readonly instance: Mention | null
}

/** More things than this of one event are left out. */
export const relatedMax = 16

export function mentionsOf(event: unknown): Mentions | null {
  if (!isObject(event)) return null
  const atSec = timestampSec(stringIn(event, 'created_at'))
  if (atSec === null) return null
  const type = stringIn(event, 'type')
  const target = isObject(event['target']) ? event['target'] : null
  const guid = target === null ? '' : stringIn(target, 'guid')
  const targetType = target === null ? '' : stringIn(target, 'type')
  const kind = kindOfTarget(type, targetType)
  const organization = mention('organization', guidOf(event['organization']))
  const space = mention('space', guidOf(event['space']))
  const isOfApp = kind === 'app' || kind === 'process'
  return {
    atSec,
    actor: actorOf(event['actor']),
    organization,
    space,
    app: isOfApp ? mention(kind, guid) : null,
    isAppUnnamed: isOfApp && target !== null && stringIn(target, 'name') === '',
    target: targetOf(kind, targetType, guid, target),
    related: relatedTo(event['data'], [guid, organization?.guid, space?.guid]),
    instance: targetType === 'service_instance' ? mention('service_instance', guid) : null,
  }
}

function actorOf(actor: unknown): Mention | null {
  if (!isObject(actor) || actor['type'] !== 'user' || stringIn(actor, 'name') !== '') return null
  return mention('user', stringIn(actor, 'guid'))
}

function targetOf(
  kind: NameKind | null,
  type: string,
  guid: string,
  target: JsonObject | null,
): Mention | null {
  if (kind === 'route') return mention('route', guid)
  if (type === 'service_plan_visibility') return mention('service_plan', guid)
  if (kind === null || kind === 'process' || target === null || stringIn(target, 'name') !== '') return null
  return mention(kind, guid)
}

const relationshipKinds: ReadonlyMap<string, NameKind> = new Map([
  ['app', 'app'],
  ['service_instance', 'service_instance'],
  ['service_plan', 'service_plan'],
  ['route', 'route'],
  ['user', 'user'],
  ['space', 'space'],
  ['organization', 'organization'],
])
const guidKeys: ReadonlyMap<string, NameKind> = new Map([
  ['route_guid', 'route'],
  ['app_guid', 'app'],
  ['service_instance_guid', 'service_instance'],
  ['service_broker_guid', 'service_broker'],
  ['service_guid', 'service_offering'],
  ['target_space_guid', 'space'],
  ['organization_guid', 'organization'],
  ['space_guid', 'space'],
])

function relatedTo(data: unknown, but: readonly (string | undefined)[]): readonly Mention[] {
  if (!isObject(data)) return none
  let found: Mention[] | null = null
  const add = (kind: NameKind, guid: string) => {
    if (guid === '' || but.includes(guid)) return
    found ??= []
    if (found.length >= relatedMax || found.some(one => one.guid === guid && one.kind === kind)) return
    found.push({ kind, guid })
  }
  guidsIn(data, add)
  const { request } = data
  if (isObject(request)) {
    guidsIn(request, add)
    const { relationships } = request
    if (isObject(relationships))
      for (const key in relationships) {
        const kind = relationshipKinds.get(key)
        if (kind !== undefined) add(kind, guidIn(relationships, key))
      }
    for (const one of listIn(request, 'organizations')) add('organization', guidOf(one))
  }
  for (const guid of listIn(data, 'target_space_guids')) if (typeof guid === 'string') add('space', guid)
  return found ?? none
}

function guidsIn(object: JsonObject, add: (kind: NameKind, guid: string) => void): void {
  for (const key in object) {
    if (!key.endsWith('_guid')) continue
    const kind = guidKeys.get(key)
    if (kind !== undefined) add(kind, stringIn(object, key))
  }
}

const none: readonly Mention[] = []

function listIn(object: JsonObject, key: string): readonly unknown[] {
  const value = object[key]
  return Array.isArray(value) ? value : []
}

function guidOf(place: unknown): string {
  return isObject(place) ? stringIn(place, 'guid') : ''
}

function mention(kind: NameKind, guid: string): Mention | null {
  return guid === '' ? null : { kind, guid }
}
