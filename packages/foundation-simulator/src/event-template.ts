import type { SimulatedRow } from './simulated-row.ts'

/** The places in an event that differ from one to the next. */
export type Slot =
  | 'guid'
  | 'time'
  | 'actorGuid'
  | 'actorName'
  | 'targetGuid'
  | 'targetName'
  | 'space'
  | 'org'
  | 'api'
  | 'task'
export type Filling = Readonly<Record<Slot, string>>

/** A recorded event with holes: `literals[0] slots[0] literals[1] …`. */
export interface EventTemplate {
  readonly type: string
  readonly targetType: string
  readonly hasSpace: boolean
  readonly hasOrganization: boolean
  /** False for `system`, `UNKNOWN` and the like, which stay as they are. */
  readonly actedByUser: boolean
  readonly literals: readonly string[]
  readonly slots: readonly Slot[]
}

interface RecordedEvent {
  readonly guid: string
  readonly created_at: string
  readonly type: string
  readonly actor: { readonly guid: string; readonly type: string; readonly name: string }
  readonly target: { readonly guid: string; readonly type: string; readonly name: string }
  readonly space: { readonly guid: string } | null
  readonly organization: { readonly guid: string } | null
  readonly data: { readonly task_guid?: unknown } | null
}

const apiUrl = 'https://api.sys.example.com'

export function eventTemplate({ text = '' }: SimulatedRow): EventTemplate {
  const event = JSON.parse(text) as RecordedEvent
  const { actor, target, space, organization, data } = event
  const actedByUser = actor.type === 'user' && /^[0-9a-f-]{36}$/.test(actor.guid)
  const holes: readonly (readonly [string, Slot])[] = [
    [event.guid, 'guid'],
    [event.created_at, 'time'],
    [apiUrl, 'api'],
    ...(typeof data?.task_guid === 'string' ? [[data.task_guid, 'task'] as const] : []),
    ...(space ? [[space.guid, 'space'] as const] : []),
    ...(organization ? [[organization.guid, 'org'] as const] : []),
    ...(['space', 'organization'].includes(target.type) ? [] : [[target.guid, 'targetGuid'] as const]),
    ...(target.name === '' ? [] : [[`"name":${JSON.stringify(target.name)}`, 'targetName'] as const]),
    ...(actedByUser
      ? [
          [actor.guid, 'actorGuid'] as const,
          [`"type":"user","name":${JSON.stringify(actor.name)}`, 'actorName'] as const,
        ]
      : []),
  ]
  return {
    type: event.type,
    targetType: target.type,
    hasSpace: space !== null,
    hasOrganization: organization !== null,
    actedByUser,
    ...cutOut(text, holes),
  }
}

/** The names come with their keys, so that a hole is a member and not a word that happens to be in the text. */
export function fill(template: EventTemplate, filling: Filling): string {
  let text = template.literals[0] ?? ''
  for (const [at, slot] of template.slots.entries()) {
    text += filling[slot]
    text += template.literals[at + 1] ?? ''
  }
  return text
}

function cutOut(
  text: string,
  holes: readonly (readonly [string, Slot])[],
): { literals: readonly string[]; slots: readonly Slot[] } {
  const byText = new Map(holes)
  const pattern = new RegExp([...byText.keys()].map(hole => RegExp.escape(hole)).join('|'), 'g')
  const slots = [...text.matchAll(pattern)].map(([hole]) => byText.get(hole) ?? 'guid')
  return { literals: text.split(pattern), slots }
}
