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
  const atSec = mentions?.atSec ?? 0
  const finder = new Finder(atSec, store, failures)
  const { actor, actorKind } = actorNames(mentions, event, finder)
  const organization = finder.nameOf(mentions?.organization)
  const space = finder.nameOf(mentions?.space)
  const { appGuid, app } = appNames(mentions, event, finder)
  // Of a process Cloud Controller writes its app's name.
  const target = mentions?.isAppUnnamed ? app : finder.nameOf(mentions?.target)
  if (mentions !== null) {
    for (const mention of mentions.related) finder.relate(mention)
    if (mentions.instance !== null)
      for (const parent of parentsOf(mentions.instance, atSec, store)) finder.relate(parent)
  }
  const { related, unresolved } = finder
  return { actor, actorKind, organization, space, appGuid, app, target, related, unresolved }
}

const none: readonly never[] = []

/** Of one event: a class, for closures would be made anew for every event of a backfill. */
class Finder {
  readonly #atSec: number
  readonly #store: NameStore
  readonly #failures: Failures
  related: readonly NamedThing[] = none
  unresolved: readonly UnresolvedName[] = none

  constructor(atSec: number, store: NameStore, failures: Failures) {
    this.#atSec = atSec
    this.#store = store
    this.#failures = failures
  }

  nameOf(mention: Mention | null | undefined): string | null {
    if (mention == null) return null
    const { kind, guid } = mention
    const answer = this.#store.nameAt(kind, guid, this.#atSec)
    if (typeof answer === 'object') return answer.name
    if (!this.unresolved.some(one => one.guid === guid && one.kind === kind))
      this.#unresolved(mention, answer === 'renamed' ? 'renamed' : null)
    return null
  }

  relate(mention: Mention): void {
    const name = this.nameOf(mention)
    if (name === null || this.related.some(one => one.guid === mention.guid)) return
    const { kind, guid } = mention
    this.related = [...this.related, { kind, guid: guid.toWellFormed(), name }]
  }

  /** The app of a process. */
  appOf(process: Mention): string | null {
    const guid = appOfProcess(process.guid, this.#atSec, this.#store)
    if (guid === null) this.#unresolved(process, null)
    return guid
  }

  #unresolved({ kind, guid }: Mention, known: string | null): void {
    const reason = known ?? this.#failures.failureOf(kind, guid)
    this.unresolved = [...this.unresolved, { kind, guid: guid.toWellFormed(), reason }]
  }
}

function actorNames(
  mentions: Mentions | null,
  { actor }: AuditEvent,
  finder: Finder,
): Pick<EventNames, 'actor' | 'actorKind'> {
  if (actor === null || isNobody(actor.guid)) return { actor: null, actorKind: 'unknown' }
  if (mentions?.actor == null) return { actor: actor.name || null, actorKind: actor.type }
  if (!mayBeUser(actor.guid)) return { actor: actor.guid, actorKind: 'client' }
  return { actor: finder.nameOf(mentions.actor), actorKind: actor.type }
}

function appNames(
  mentions: Mentions | null,
  { target }: AuditEvent,
  finder: Finder,
): Pick<EventNames, 'appGuid' | 'app'> {
  const app = mentions?.app
  if (!app || target === null) return { appGuid: null, app: null }
  if (app.kind === 'app')
    return { appGuid: target.guid, app: mentions.isAppUnnamed ? finder.nameOf(app) : target.name || null }
  const appGuid = finder.appOf(app)
  if (!mentions.isAppUnnamed) return { appGuid, app: target.name || null }
  return { appGuid, app: appGuid === null ? null : finder.nameOf({ kind: 'app', guid: appGuid }) }
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
