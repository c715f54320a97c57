import type { StoredRow } from './event-store.ts'

interface V3Event {
  readonly guid?: unknown
  readonly created_at?: unknown
  readonly type?: unknown
  readonly actor?: Party | null
  readonly target?: Party | null
  readonly space?: { readonly guid: string } | null
  readonly organization?: { readonly guid: string } | null
}

interface Party {
  readonly guid?: unknown
  readonly type?: unknown
  readonly name?: unknown
}

/** The text of a row as `/v2/events` shows it; `entity.metadata` has the text of v3's `data`, but for what Rails alone escapes. */
export function v2EventText(row: StoredRow, v3Text: string): string {
  const event = (JSON.parse(v3Text) ?? {}) as V3Event
  const { guid, created_at: at, type } = event
  const actor = event.actor ?? {}
  const actee = event.target ?? {}
  const username = row.actorUsername === undefined ? usernameOf(actor) : row.actorUsername
  const metadata = { guid, url: `/v2/events/${row.guid}`, created_at: at, updated_at: at }
  const head = {
    type,
    actor: actor.guid,
    actor_type: actor.type,
    actor_name: actor.name,
    actor_username: username,
    actee: actee.guid,
    actee_type: actee.type,
    actee_name: actee.name,
    timestamp: at,
  }
  const tail = { space_guid: event.space?.guid ?? '', organization_guid: event.organization?.guid ?? '' }
  const data = withoutRailsEscapes(memberText(v3Text, 'data'))
  const entity = `${JSON.stringify(head).slice(0, -1)},"metadata":${data ?? 'null'},${JSON.stringify(tail).slice(1)}`
  return `{"metadata":${JSON.stringify(metadata)},"entity":${entity}}`
}

/** Lengths of recorded answers tell: v3 writes `&` in six bytes, v2 in one. */
function withoutRailsEscapes(text: string | null): string | null {
  return (
    text?.replace(/\\(?:u(0026|003c|003e|2028|2029)|.)/g, (written, code: string | undefined) =>
      code === undefined ? written : String.fromCharCode(Number.parseInt(code, 16)),
    ) ?? null
  )
}

function usernameOf({ type, name }: Party): string {
  return type === 'user' && typeof name === 'string' ? name : ''
}

/** The text of a member of the object, as it stands; null without one. */
function memberText(object: string, name: string): string | null {
  let depth = 0
  let key = ''
  let start = -1
  for (let at = 0; at < object.length; at++) {
    const character = object[at]
    if (character === '"') {
      const end = stringEnd(object, at)
      if (depth === 1 && start < 0) key = object.slice(at + 1, end - 1)
      at = end - 1
    } else if (character === '{' || character === '[') depth++
    else if (character === ':' && depth === 1) start = at + 1
    else if (character === '}' || character === ']') depth--
    if ((character === ',' && depth === 1) || depth === 0) {
      if (start >= 0 && key === name) return object.slice(start, at)
      start = -1
    }
  }
  return null
}

function stringEnd(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\') end++
    else if (text[end] === '"') return end + 1
  }
  return text.length
}
