import type { AuditEvent, EventNames, NamedThing, UnresolvedName } from '@cf-audit-drain/event'
import type { Mention, Mentions } from './event-mentions.ts'
import { type NameKind, parentKind } from './name-kind.ts'
import type { NameStore } from './name-store.ts'

interface Failures {
  failureOf(kind: NameKind, guid: string): string
}

/** Guids that Cloud Controller writes where it knows nobody. */
const nobody = new Set(['UNKNOWN', 'unknown-user-guid', 'system'])
/** The guid of a user is a UUID that UAA made; the id of a client is whatever an operator typed. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function isNobody(guid: string): boolean {
  return guid.length < 20 && nobody.has(guid)
}

/** Whether UAA could know a user by it. */
export function mayBeUser(guid: string): boolean {
  return uuid.test(guid)
}

/** The names of an event by what is known now; what is not is said. */
export function namesFor(
  mentions: Mentions | null,
  event: AuditEvent,
  store: NameStore,
  failures: Failures,
): EventNames {
  const unresolved: UnresolvedName[] = []
  const atSec = mentions?.atSec ?? 0
  const find = ({ kind, guid }: Mention): string | null => {
    const answer = store.nameAt(kind, guid, atSec)
    if (typeof answer === 'object') return answer.name
    const reason = answer === 'renamed' ? 'renamed' : failures.failureOf(kind, guid)
    if (!unresolved.some(one => one.guid === guid && one.kind === kind))
      unresolved.push({ kind, guid: guid.toWellFormed(), reason })
    return null
  }
  const nameOf = (mention: Mention | null | undefined) => (mention ? find(mention) : null)
  const related: NamedThing[] = []
  const relate = (mention: Mention) => {
    const name = find(mention)
    if (name === null || related.some(one => one.guid === mention.guid)) return
    related.push({ kind: mention.kind, guid: mention.guid.toWellFormed(), name })
  }
  const actor = actorNames(mentions, event, find)
  const organization = nameOf(mentions?.organization)
  const space = nameOf(mentions?.space)
  const app = appNames(mentions, event, store, failures, unresolved)
  const target = nameOf(mentions?.target)
  for (const mention of mentions?.related ?? []) relate(mention)
  if (mentions?.instance) for (const parent of parentsOf(mentions.instance, atSec, store)) relate(parent)
  return { ...actor, organization, space, ...app, target, related, unresolved }
}

function actorNames(
  mentions: Mentions | null,
  { actor }: AuditEvent,
  find: (mention: Mention) => string | null,
): Pick<EventNames, 'actor' | 'actorKind'> {
  if (actor === null || isNobody(actor.guid)) return { actor: null, actorKind: 'unknown' }
  if (mentions?.actor == null) return { actor: actor.name || null, actorKind: actor.type }
  if (!mayBeUser(actor.guid)) return { actor: actor.guid, actorKind: 'client' }
  return { actor: find(mentions.actor), actorKind: actor.type }
}

function appNames(
  mentions: Mentions | null,
  { target }: AuditEvent,
  store: NameStore,
  failures: Failures,
  unresolved: UnresolvedName[],
): Pick<EventNames, 'appGuid' | 'app'> {
  const app = mentions?.app
  if (!app || target === null) return { appGuid: null, app: null }
  const name = target.name || null
  if (app.kind !== 'process') return { appGuid: target.guid, app: name }
  const guid = appOfProcess(app.guid, mentions?.atSec ?? 0, store)
  if (guid === null)
    unresolved.push({ kind: 'process', guid: target.guid, reason: failures.failureOf('process', app.guid) })
  return { appGuid: guid, app: name }
}

/** The first web process of an app has the guid of the app: one that is gone is known by it. Null: not known. */
function appOfProcess(process: string, atSec: number, store: NameStore): string | null {
  const app = store.parentOf('process', process, atSec)
  if (app != null) return app
  return store.nameAt('app', process, atSec) === 'unknown' ? null : process
}

/** The plan of a service instance, its offering, its broker, as far as they are known. */
function* parentsOf({ kind, guid }: Mention, atSec: number, store: NameStore): Generator<Mention> {
  let [ofKind, of]: [NameKind, string] = [kind, guid]
  for (;;) {
    const next = parentKind(ofKind)
    const parent = next === null ? null : store.parentOf(ofKind, of, atSec)
    if (next === null || parent == null) return
    yield { kind: next, guid: parent }
    ;[ofKind, of] = [next, parent]
  }
}
