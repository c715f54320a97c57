import type { Actor, AuditEvent, Target } from './audit-event.ts'
import { eventType } from './catalogue.ts'
import { describeChange } from './describe-change.ts'
import { describeTask } from './describe-task.ts'

const MAX_CHARACTERS = 512
const MAX_NAME_CHARACTERS = 160

/**
 * One readable sentence that names actor and target: `bob@example.com created app billing-api`. Without control
 * characters and line separators, at most 512 UTF-16 code units, never cut inside a surrogate pair.
 */
export function describeEvent(event: AuditEvent): string {
  const { description, known } = eventType(event.type)
  const { names } = event
  const actor = event.actor === null ? 'somebody' : nameOf(event.actor, names?.actor)
  const target = event.target === null ? 'something' : nameOf(event.target, names?.target)
  const told = describeTask(event, target)
  if (told !== null) return shorten(clean(told), MAX_CHARACTERS)
  let sentence = ''
  for (const part of partsOf(describeChange(event, description))) {
    if (part === '{actor}') sentence += actor
    else sentence += part === '{target}' ? target : part
  }
  return shorten(
    known ? sentence : `${sentence} (${shorten(clean(event.type), MAX_NAME_CHARACTERS)})`,
    MAX_CHARACTERS,
  )
}

const partsOfDescription = new Map<string, readonly string[]>()

/** The catalogue's template, cut at its places for names. */
function partsOf(description: string): readonly string[] {
  let parts = partsOfDescription.get(description)
  if (parts === undefined) {
    parts = description.split(/(\{actor\}|\{target\})/)
    partsOfDescription.set(description, parts)
  }
  return parts
}

/** `known`: by lookup, where the event itself says less. */
function nameOf(party: Actor | Target, known: string | null = null): string {
  return shorten(
    clean(known ?? '') || clean(party.name) || clean(party.guid) || `unnamed ${clean(party.type)}`.trim(),
    MAX_NAME_CHARACTERS,
  )
}

// C0, DEL, C1, line and paragraph separator, and what turns the direction of writing.
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/g
const UNPRINTABLE_OR_SPACED = new RegExp(`${UNPRINTABLE.source}|^\\s|\\s$`)

function clean(text: string): string {
  return UNPRINTABLE_OR_SPACED.test(text) ? text.replace(UNPRINTABLE, ' ').trim() : text
}

function shorten(text: string, max: number): string {
  if (text.length <= max) return text
  const last = text.charCodeAt(max - 2)
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 2 : max - 1)}…`
}
