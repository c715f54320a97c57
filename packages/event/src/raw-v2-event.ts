import { memberSpan, valueEnd } from './json-text.ts'
import { isObject, type RawEvent, type RawPage, splitPage } from './raw-event.ts'

/**
 * Splits an answer of `GET /v2/events`. The rows come out as `/v3/audit_events` would show them, so that all that follows
 * knows one form: `value` has v3's members, and `actor.username` besides; `dataText` is the text of `entity.metadata`, byte for
 * byte, and `text` the element as it was received. Throws MalformedPageError.
 */
export function splitV2EventPage(body: string): RawPage {
  return splitPage(body, 'total_results', page => page['total_results'], v2Event)
}

function v2Event(body: string, start: number, value: unknown, events: RawEvent[]): number {
  const end = valueEnd(body, start)
  const entity = memberSpan(body, start, 'entity')
  const data = entity && memberSpan(body, entity.start, 'metadata')
  const dataText = data ? body.slice(data.start, data.end) : 'null'
  // v3 shows `{}` for a column that is null.
  events.push({
    value: asV3(value),
    dataText: dataText === 'null' ? '{}' : dataText,
    text: body.slice(start, end),
  })
  return end
}

/** The v3 form of a v2 row; what is no v2 row stays what it is, and is refused where every row is judged. */
function asV3(value: unknown): unknown {
  if (!isObject(value) || !isObject(value['entity'])) return value
  const { entity, metadata } = value
  const {
    actor,
    actor_type,
    actor_name,
    actor_username,
    actee,
    actee_type,
    actee_name,
    timestamp,
    type,
    space_guid,
    organization_guid,
  } = entity as Readonly<Record<string, unknown>>
  return {
    guid: isObject(metadata) ? metadata['guid'] : undefined,
    // Both of v3's times show this column, and not metadata.created_at.
    created_at: timestamp,
    updated_at: timestamp,
    type,
    actor: isMissing(actor)
      ? null
      : { guid: actor, type: actor_type, name: actor_name, username: actor_username },
    // As v2 names it, too: what looks for names looks for it here.
    ...(isMissing(actor_username) ? {} : { actor_username }),
    target: isMissing(actee) ? null : { guid: actee, type: actee_type, name: actee_name },
    data: (entity as Readonly<Record<string, unknown>>)['metadata'] ?? {},
    space: space_guid === '' || isMissing(space_guid) ? null : { guid: space_guid },
    organization:
      organization_guid === '' || isMissing(organization_guid) ? null : { guid: organization_guid },
  }
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined
}
