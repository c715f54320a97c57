import type { Actor, AuditEvent, Provenance, Target } from './audit-event.ts'
import { crashId } from './crash-id.ts'
import { isObject, type RawEvent, rawCreatedAtSec, rawGuid } from './raw-event.ts'
import type { Scrubber } from './scrub/scrubber.ts'

/** What is true of an event beyond its own text. */
export interface ParseContext {
  readonly foundation: string
  readonly scrubber: Scrubber
  readonly provenance: Provenance
  readonly receivedAtMs: number
}

/** This one event lacks what an event must have; the others of its page are not affected. */
export class MalformedEventError extends Error {
  override readonly name = 'MalformedEventError'
  /** The field that is missing or wrong, as it is named in the JSON. */
  readonly field: string

  constructor(field: string, what: string) {
    super(`event field \`${field}\` ${what}`)
    this.field = field
  }
}

/**
 * Strict in what identifies an event (guid, type, created_at), lenient in everything else: an unknown type, a guid that
 * is no UUID, a missing actor, data of any JSON type all pass. A lone surrogate in a head field becomes U+FFFD, for
 * Avro strings are UTF-8. Throws MalformedEventError.
 */
export function parseAuditEvent(raw: RawEvent, context: ParseContext): AuditEvent {
  const { value } = raw
  if (!isObject(value)) throw new MalformedEventError('(event)', 'is not a JSON object')
  const guid = rawGuid(raw)
  if (guid === null) throw new MalformedEventError('guid', 'is not a non-empty string')
  const type = value['type']
  if (typeof type !== 'string' || type === '')
    throw new MalformedEventError('type', 'is not a non-empty string')
  if (rawCreatedAtSec(raw) === null)
    throw new MalformedEventError('created_at', 'is not a real time written YYYY-MM-DDThh:mm:ssZ')
  const target = party(value['target'])
  const scrubbed = context.scrubber.scrub(type, raw.dataText)
  return {
    foundation: context.foundation,
    guid: guid.toWellFormed(),
    type: type.toWellFormed(),
    createdAt: String(value['created_at']),
    actor: actorOf(value['actor']),
    target,
    spaceGuid: guidOf(value['space']),
    organizationGuid: guidOf(value['organization']),
    data: scrubbed.text,
    scrubPolicy: context.scrubber.policyVersion,
    scrubbedPaths: scrubbed.paths,
    crashId: crashId(type, target?.guid ?? '', raw),
    provenance: context.provenance,
    receivedAtMs: context.receivedAtMs,
    names: null,
  }
}

function actorOf(value: unknown): Actor | null {
  const actor = party(value)
  const username = isObject(value) ? value['username'] : undefined
  return actor === null || typeof username !== 'string' || username === ''
    ? actor
    : { ...actor, username: username.toWellFormed() }
}

function party(value: unknown): Target | null {
  if (!isObject(value)) return null
  return { guid: stringOf(value['guid']), type: stringOf(value['type']), name: stringOf(value['name']) }
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value.toWellFormed() : ''
}

function guidOf(value: unknown): string | null {
  const guid = isObject(value) ? value['guid'] : undefined
  return typeof guid === 'string' && guid !== '' ? guid.toWellFormed() : null
}
