import { createHash } from 'node:crypto'
import type { Target } from './audit-event.ts'
import type { RawEvent } from './raw-event.ts'

/** An occurrence that this program tells of, and Cloud Controller does not. */
export interface OwnEvent {
  /** Begins with `cf-audit-drain.`; those of the catalogue. */
  readonly type: string
  /**
   * With foundation and type what it is told of, and so its identity: telling of the same subject again is the same
   * event, whatever else it says.
   */
  readonly subject: readonly string[]
  /** Seconds since the epoch in Cloud Controller's clock. */
  readonly createdAtSec: number
  readonly target: Target
  /** JSON; scrubbed like that of any event. */
  readonly data: Readonly<Record<string, unknown>>
  readonly spaceGuid?: string | null
  readonly organizationGuid?: string | null
}

/** Who acts in events of our own. */
export const ownActor = { guid: 'cf-audit-drain', type: 'drain', name: 'cf-audit-drain' } as const

const typePrefix = 'cf-audit-drain.'
const guidPrefix = 'cfad'
const ownGuidForm = /^cfad[0-9a-f]{4}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export function isOwnType(type: string): boolean {
  return type.startsWith(typePrefix)
}

/**
 * The guid of an event of our own: a UUID of version 8 (RFC 9562 §5.8) that begins `cfad`, made of the SHA-256 of the
 * JSON array [foundation, type, ...subject]. Cloud Controller makes guids of version 4.
 */
export function ownGuid(foundation: string, type: string, ...subject: readonly string[]): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([foundation, type, ...subject]))
    .digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  return [
    guidPrefix + hex.slice(4, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-')
}

export function isOwnGuid(guid: string): boolean {
  return guid.startsWith(guidPrefix) && ownGuidForm.test(guid)
}

/** The event in the form of Cloud Controller's v3 API: from here on it goes the way of every other. */
export function rawOwnEvent(foundation: string, event: OwnEvent): RawEvent {
  const { type, subject, createdAtSec, target, data, spaceGuid, organizationGuid } = event
  const dataText = JSON.stringify(data)
  const createdAt = `${new Date(createdAtSec * 1000).toISOString().slice(0, 19)}Z`
  const text = JSON.stringify({
    guid: ownGuid(foundation, type, ...subject),
    type,
    created_at: createdAt,
    updated_at: createdAt,
    actor: ownActor,
    target,
    data,
    space: place(spaceGuid),
    organization: place(organizationGuid),
  })
  return { value: JSON.parse(text), dataText, text }
}

function place(guid: string | null | undefined): { readonly guid: string } | null {
  return guid == null || guid === '' ? null : { guid }
}
