import { decodeAuditEvent, timestampSec, UndecodableEventError } from '@cf-audit-drain/event'

/** What can be read of the dead letter of a row. */
export interface LetterContent {
  /** Null where it shows none. */
  readonly createdAtSec: number | null
  readonly type: string | null
  /** Avro of the event, where it was one and only too large for the log. */
  readonly bytes: Uint8Array | null
}

const nothing = { createdAtSec: null, type: null, bytes: null }

/** Never throws: it is a dead letter because something of it is odd. */
export function letterContent(raw: Uint8Array): LetterContent {
  try {
    const { createdAt, type } = decodeAuditEvent(raw)
    return { createdAtSec: timestampSec(createdAt), type, bytes: raw }
  } catch (error) {
    if (!(error instanceof UndecodableEventError)) throw error
    return ofRow(Buffer.from(raw).toString())
  }
}

/** A row as v3 or v2 shows it. */
function ofRow(text: string): LetterContent {
  let row: unknown
  try {
    row = JSON.parse(text)
  } catch {
    return nothing
  }
  const { entity, ...v3 } = membersOf(row)
  const { type, createdAt } =
    entity === undefined
      ? { type: v3['type'], createdAt: v3['created_at'] }
      : { type: membersOf(entity)['type'], createdAt: membersOf(entity)['timestamp'] }
  return {
    createdAtSec: typeof createdAt === 'string' ? timestampSec(createdAt) : null,
    type: typeof type === 'string' ? type : null,
    bytes: null,
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
